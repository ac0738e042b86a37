/* start.S: the image's first bytes, and what the loader does that C cannot.
 *
 * Entered as Linux is (Documentation/arch/arm64/booting), or at its first byte by anything: at EL2 or EL1, with
 * translation and caches off, or on with an identity map, as U-Boot's `go` leaves them. No register is relied on.
 *
 * Caches: with translation on, what was loaded and moved may be only in the caches, and is cleaned to memory before
 * translation goes off. With it off, what is written goes to memory, and lines that the caches hold for it are dropped.
 */
#define SCTLR_M (1 << 0)
#define SCTLR_C (1 << 2)
#define SCTLR_I (1 << 12)
#define SCTLR_SA (1 << 3)
#define SCTLR_SA0 (1 << 4)
#define SCTLR_EL1_RES1 0x30d00800
#define HCR_RW (1 << 31)
#define CNTHCTL_EL1_FULL 3      /* EL1 may use the physical counter and timer */
#define CPTR_EL2_RES1 0x33ff    /* nothing is trapped */
#define SPSR_EL1H_MASKED 0x3c5

.macro load_literal register, value
    movz    \register, #((\value) & 0xffff)
    movk    \register, #(((\value) >> 16) & 0xffff), lsl #16
    movk    \register, #(((\value) >> 32) & 0xffff), lsl #32
.endm

/* address += line size for each cache line of [start, end): `operation` on it. */
.macro for_lines operation, start, end, line
    mrs     \line, ctr_el0
    ubfx    \line, \line, #16, #4
    mov     x16, #4
    lsl     \line, x16, \line
1:  dc      \operation, \start
    add     \start, \start, \line
    cmp     \start, \end
    b.lo    1b
    dsb     sy
.endm

/* `ne`: translation is on at the current level. Takes x16. */
.macro translation_on
    mrs     x16, CurrentEL
    cmp     x16, #(2 << 2)
    b.ne    1f
    mrs     x16, sctlr_el2
    b       2f
1:  mrs     x16, sctlr_el1
2:  tst     x16, #SCTLR_M
.endm

.section .start, "ax"
.global image_start
image_start:
    b       entry
    .word   0
    .quad   0                   /* text_offset, by the tool */
    .quad   0                   /* image_size, by the tool */
    .quad   2                   /* little endian, 4 KiB pages, at text_offset from the start of RAM */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0

entry:
    msr     daifset, #0xf
    mrs     x0, mpidr_el1
    load_literal x1, 0xff00ffffff
    tst     x0, x1
    b.ne    park
    adr     x19, image_start
    adrp    x0, stack_top
    mov     sp, x0
    mov     x0, x19
    bl      loader_scratch
    adrp    x20, image_header
    add     x20, x20, :lo12:image_header
    ldp     x21, x22, [x20, #8] /* link_pa, stored_size */
    cbz     x0, placed
    adr     x23, placed
    sub     x23, x23, x19
    add     x23, x23, x21

    /* The code that moves goes out of the way first. */
    adr     x1, move
    adr     x2, move_end
    mov     x3, x0
1:  ldr     w4, [x1], #4
    str     w4, [x3], #4
    cmp     x1, x2
    b.lo    1b
    mov     x5, x0
    translation_on
    b.eq    2f
    for_lines civac, x5, x3, x6
2:  ic      iallu
    dsb     sy
    isb
    br      x0

park:
    wfe
    b       park

/* From x19 to x21, x22 bytes, and on at x23. */
move:
    add     x2, x21, x22
    cmp     x21, x19
    b.hi    2f
    mov     x0, x21
    mov     x1, x19
1:  ldp     x3, x4, [x1], #16
    stp     x3, x4, [x0], #16
    cmp     x0, x2
    b.lo    1b
    b       3f
2:  mov     x0, x2
    add     x1, x19, x22
1:  ldp     x3, x4, [x1, #-16]!
    stp     x3, x4, [x0, #-16]!
    cmp     x0, x21
    b.hi    1b
3:  dsb     sy
    mov     x0, x21
    translation_on
    b.ne    4f
    for_lines ivac, x0, x2, x6
    b       5f
4:  for_lines civac, x0, x2, x6
5:  ic      iallu
    dsb     sy
    isb
    br      x23
move_end:

/* The image is where it belongs; x21 and x22 say where. */
placed:
    translation_on
    b.eq    drop
    add     x1, x21, x22
    mov     x0, x21
    for_lines civac, x0, x1, x6
    load_literal x1, (SCTLR_M | SCTLR_C | SCTLR_I)
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.ne    1f
    mrs     x0, sctlr_el2
    bic     x0, x0, x1
    msr     sctlr_el2, x0
    isb
    tlbi    alle2
    b       2f
1:  mrs     x0, sctlr_el1
    bic     x0, x0, x1
    msr     sctlr_el1, x0
    isb
    tlbi    vmalle1
2:  dsb     sy
    ic      iallu
    dsb     sy
    isb

/* To EL1, with what firmware may have left in the way of it put aside. */
drop:
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.ne    at_el1
    load_literal x0, HCR_RW
    msr     hcr_el2, x0
    mov     x0, #CNTHCTL_EL1_FULL
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    load_literal x0, CPTR_EL2_RES1
    msr     cptr_el2, x0
    msr     hstr_el2, xzr
    msr     vttbr_el2, xzr
    mrs     x0, midr_el1
    msr     vpidr_el2, x0
    mrs     x0, mpidr_el1
    msr     vmpidr_el2, x0
    mrs     x0, id_aa64dfr0_el1
    ubfx    x0, x0, #8, #4      /* PMUVer */
    cbz     x0, 1f
    mrs     x0, pmcr_el0
    ubfx    x0, x0, #11, #5     /* MDCR_EL2.HPMN: EL1 has all of the counters, nothing is trapped */
1:  msr     mdcr_el2, x0
    load_literal x0, SCTLR_EL1_RES1
    msr     sctlr_el1, x0
    mov     x0, #SPSR_EL1H_MASKED
    msr     spsr_el2, x0
    adr     x0, at_el1
    msr     elr_el2, x0
    isb
    eret

at_el1:
    load_literal x0, SCTLR_EL1_RES1
    msr     sctlr_el1, x0
    msr     spsel, #1
    isb
    adrp    x0, stack_top
    mov     sp, x0
    bl      loader_map          /* x0: the identity map's level 1 table; MAIR and TCR are set */
    adrp    x1, tables_start
    adrp    x2, tables_end
    for_lines ivac, x1, x2, x6
    msr     ttbr0_el1, x0
    isb
    tlbi    vmalle1
    dsb     sy
    ic      iallu
    dsb     sy
    isb
    load_literal x1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_SA0)
    msr     sctlr_el1, x1
    isb
    b       loader_finish

/* x0 tables for the kernel, x1 its entry, x2 its translation table. */
.global enter_kernel
enter_kernel:
    msr     ttbr1_el1, x2
    dsb     sy
    isb
    tlbi    vmalle1
    dsb     sy
    isb
    br      x1

/* x0 .. x0 + x1, whole pages. Some of it will be mapped uncached: no line stays behind in the caches. */
.global zero
zero:
    add     x1, x0, x1
    mrs     x2, dczid_el0
    ands    x3, x2, #0x1f       /* DZP and BS: log2 of the block in words */
    mov     x4, #4
    lsl     x4, x4, x2
    cmp     x2, #4              /* blocks of 64 bytes, the usual: four at a turn */
    b.eq    2f
    tbnz    x2, #4, 4f
1:  dc      zva, x0
    dc      civac, x0
    add     x0, x0, x4
    cmp     x0, x1
    b.lo    1b
    b       3f
2:  add     x5, x0, #64
    add     x6, x0, #128
    add     x7, x0, #192
    dc      zva, x0
    dc      zva, x5
    dc      zva, x6
    dc      zva, x7
    dc      civac, x0
    dc      civac, x5
    dc      civac, x6
    dc      civac, x7
    add     x0, x0, #256
    cmp     x0, x1
    b.lo    2b
3:  dsb     sy
    ret
4:  stp     xzr, xzr, [x0]      /* DC ZVA is prohibited */
    stp     xzr, xzr, [x0, #16]
    dc      civac, x0
    add     x0, x0, #32
    cmp     x0, x1
    b.lo    4b
    b       3b

.section .stack, "aw", %nobits
.balign 4096
    .skip 4096
.global stack_top
stack_top:
