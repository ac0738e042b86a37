/* checksum_blocks.S: uint64_t ip_checksum_blocks(const void *data, uint64_t blocks): the one's complement sum of `blocks` (at least one)
 * times 64 bytes, as 64-bit words. One addition with carry per word; nothing in the loop but these touches the carry. Arm ARM C6.2.
 */
    .section .text.ip_checksum_blocks, "ax", %progbits
    .global ip_checksum_blocks
    .type ip_checksum_blocks, %function
    .balign 16
ip_checksum_blocks:
    adds    x2, xzr, xzr            /* sum 0, carry 0 */
1:  ldp     x3, x4, [x0]
    ldp     x5, x6, [x0, #16]
    ldp     x7, x8, [x0, #32]
    ldp     x9, x10, [x0, #48]
    adcs    x2, x2, x3
    adcs    x2, x2, x4
    adcs    x2, x2, x5
    adcs    x2, x2, x6
    adcs    x2, x2, x7
    adcs    x2, x2, x8
    adcs    x2, x2, x9
    adcs    x2, x2, x10
    add     x0, x0, #64
    sub     x1, x1, #1
    cbnz    x1, 1b
    adcs    x2, x2, xzr             /* the last carry may cause one more */
    adc     x0, x2, xzr
    ret
    .size ip_checksum_blocks, . - ip_checksum_blocks
