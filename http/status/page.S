// http/status/page.S: the live page.
    .section .rodata.status_page, "a"
    .global status_page
    .hidden status_page
status_page:
    .incbin "http/status/page.html"
    .global status_page_end
    .hidden status_page_end
status_page_end:
    .byte 0
