/* left_out.S: assembly of AWS-LC that its C code names and that nothing here can reach, 0.4 MB with its tables.
 *
 * The variants `_alt` are for processors with a wide multiplier, which the library takes ours not to be (awslc.mk,
 * STATIC_ARMCAP). Who gets to multiply points of P-384, P-521 or Ed25519 has such a key, or was offered such a group, or
 * checks such a signature: keys are of P-256 (compose/pem.py, tls/certificate.c), groups are X25519, P-256 and ML-KEM
 * (tls/handshake.c), and nobody's signature is checked. Should one be reached all the same, its PD faults there, by name.
 */
.macro left_out name:req
    .section .text.\name, "ax"
    .global \name
    .type \name, %function
\name:
    udf #0
    .size \name, . - \name
.endm

.irp name, curve25519_x25519_byte_alt, curve25519_x25519base_byte_alt, p256_montjscalarmul_alt, p384_montjdouble_alt, \
    p384_montjscalarmul_alt, p521_jdouble_alt, p521_jscalarmul_alt
    left_out \name
.endr

.irp name, edwards25519_decode, edwards25519_decode_alt, edwards25519_encode, edwards25519_scalarmulbase, \
    edwards25519_scalarmulbase_alt, edwards25519_scalarmuldouble, edwards25519_scalarmuldouble_alt, p384_montjdouble, \
    p384_montjscalarmul, p521_jdouble, p521_jscalarmul
    left_out \name
.endr
