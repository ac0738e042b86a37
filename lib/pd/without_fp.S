/* lib/pd/without_fp.S: memset() for programs that are compiled without floating point and SIMD (WITHOUT_FP,
 * mk/toolchain.mk). The C library's uses these registers, and the kernel switches them among all that have ever done
 * so: 70 instructions and 1 KiB of memory traffic each time. pd_without_fp tells lib/pd/start.S.
 */
    .global pd_without_fp
    .set    pd_without_fp, 1

    .section .text.memset, "ax", %progbits
    .global memset
    .type   memset, %function
    .balign 16
memset:
    and     x1, x1, #0xff
    mov     x3, #0x0101010101010101
    mul     x1, x1, x3
    add     x3, x0, x2              /* the end */
    mov     x4, x0
    cmp     x2, #16
    b.lo    2f
    sub     x5, x3, #16
1:  stp     x1, x1, [x4], #16
    cmp     x4, x5
    b.ls    1b
    stp     x1, x1, [x5]            /* the rest, and some of what is done */
    ret
2:  cmp     x4, x3
    b.eq    3f
    strb    w1, [x4], #1
    b       2b
3:  ret
    .size   memset, . - memset
