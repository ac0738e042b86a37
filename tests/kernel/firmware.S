/* firmware.S: what a boot loader leaves behind: memory full of its data, translation and caches on with an identity map,
 * registers of EL2 set in its own way. Runs anywhere, then jumps to IMAGE. */
#define IMAGE 0x48000000
#define PLACE 0x70000000
#define DIRTY_SIZE 0x2000000

    .text
    .global _start
_start:
    movz    x0, #(PLACE >> 16), lsl #16
    movz    x1, #(DIRTY_SIZE >> 16), lsl #16
    add     x1, x0, x1
    mov     x2, #-1
1:  stp     x2, x2, [x0], #16
    cmp     x0, x1
    b.lo    1b

    adr     x0, level1
    mov     x1, #0x401              /* device: a block, accessed, attribute 0 */
    str     x1, [x0]
    mov     x3, #0x705              /* normal memory, attribute 1, inner shareable */
    movz    x2, #0x4000, lsl #16
    orr     x1, x2, x3
    str     x1, [x0, #8]
    add     x1, x1, x2
    str     x1, [x0, #16]
    mov     x1, #0xff00
    mrs     x3, CurrentEL
    cmp     x3, #(2 << 2)
    b.ne    at_el1

    msr     mair_el2, x1
    movz    x1, #0x3519             /* 39 bits, write-back walks, inner shareable */
    movk    x1, #0x8082, lsl #16    /* 40 bits physical; bits 31 and 23 are one */
    msr     tcr_el2, x1
    msr     ttbr0_el2, x0
    mov     x1, #-1
    msr     cntvoff_el2, x1         /* not 0 */
    msr     vttbr_el2, x1
    isb
    mrs     x1, sctlr_el2
    mov     x2, #0x1005
    orr     x1, x1, x2
    dsb     sy
    msr     sctlr_el2, x1
    isb
    b       go

at_el1:
    msr     mair_el1, x1
    movz    x1, #0x3519
    movk    x1, #0x0080, lsl #16    /* no walks through TTBR1 */
    movk    x1, #0x2, lsl #32
    msr     tcr_el1, x1
    msr     ttbr0_el1, x0
    isb
    mrs     x1, sctlr_el1
    mov     x2, #0x1005
    orr     x1, x1, x2
    dsb     sy
    msr     sctlr_el1, x1
    isb

go:
    movz    x0, #(IMAGE >> 16), lsl #16
    br      x0

    .balign 4096
level1:
    .skip 4096
