/* keys/proto.h: the protected calls of PD tls, the only client, to PD keys, which has the private keys; and the one page
 * that both map.
 *
 *     label        message registers         answer: label 0, one register        in the page, from its beginning
 *     KEYS_PUBLIC  key                       bytes of the point, KEYS_POINT_BYTES   -> the point, uncompressed (SEC 1, 2.3.3)
 *     KEYS_SIGN    key, bytes of the hash    bytes of the signature                 <- the transcript hash, -> the signature
 *
 * A key is its number in the description, from 0 on. KEYS_SIGN signs nothing but what a TLS 1.3 server signs: keys builds
 * the text of RFC 8446, 4.4.3 around the hash itself (32 or 48 bytes, as the cipher suite's hash has them), and its own
 * hash is taken of that: whoever has this channel can have no certificate, no message and no client's proof signed. The
 * signature is ECDSA with P-256 and SHA-256, as a DER sequence of r and s.
 *
 * Any other question is answered with the label KEYS_REFUSED, and counted. The page holds hashes, signatures and public
 * points, no secret. What tls writes there while it waits for an answer spoils its own signature, nothing else: the hash
 * is copied before it is used.
 */
#ifndef KEYS_PROTO_H
#define KEYS_PROTO_H

#define KEYS_PUBLIC 1
#define KEYS_SIGN 2
#define KEYS_REFUSED 1

#define KEYS_MAX 8
#define KEYS_POINT_BYTES 65
#define KEYS_HASH_MAX 48
#define KEYS_SIGNATURE_MAX 72 /* DER: two numbers of up to 33 bytes, with a tag and a length each, in a sequence */
#define KEYS_SCALAR_BYTES 32
#define KEYS_PAGE_BYTES 0x1000

#endif
