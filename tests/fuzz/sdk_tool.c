/* tests/fuzz/sdk_tool.c: system descriptions of any bytes, read and checked by the image tool.
 *
 * Checked: one that is refused is refused with one line, which says where; nothing else is said but warnings.
 *
 * Input: the description.
 */
#include <setjmp.h>

#include "sdk/tool/board.h"
#include "sdk/tool/description.h"
#include "sdk/tool/file.h"
#include "tests/fuzz/fuzz.h"

#define SAID_MAX 65536

static const char conf[] = "ram 0x40000000 0x80000000\nload 0x70000000\nuart 0x09000000\ngicd 0x08000000\n"
                           "gicc 0x08010000\nirqs 288\n";

FILE *fuzz_said;
const XML_Memory_Handling_Suite fuzz_xml_memory = {malloc, realloc, free};

static struct {
    char said[SAID_MAX];
    struct fuzz_input *in;
    struct board *board;
    jmp_buf end;
} self;

void fuzz_exit(int status)
{
    DEMAND(status == 1);
    longjmp(self.end, 1);
}

/* In place of sdk/tool/file.c. */
char *file_read(struct place place, const char *path, size_t *size)
{
    bool is_board = strcmp(path, "board.conf") == 0;
    const void *bytes = is_board ? (const void *)conf : self.in->at;

    *size = is_board ? sizeof(conf) - 1 : self.in->left;
    char *text = memcpy(diag_alloc(*size + 1), bytes, *size);
    text[*size] = '\0';
    return text;
}

void fuzz_begin(void)
{
    self.board = board_read("board.conf");
}

static void check_said(bool refused)
{
    uint32_t errors = 0;

    fclose(fuzz_said);
    for (const char *line = self.said; *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n'), *error = strstr(line, ": error: "),
                   *warning = strstr(line, ": warning: ");
        DEMAND(end);
        bool is_error = error && error < end;
        DEMAND(strncmp(line, "s.system:", 9) == 0 && (is_error || (warning && warning < end)));
        errors += is_error;
        for (const char *c = line; c < end; c++) {
            DEMAND((unsigned char)*c >= ' ' && *c != 0x7f);
        }
    }
    DEMAND(errors == refused);
}

void fuzz_run(struct fuzz_input *in)
{
    self.in = in;
    fuzz_said = fmemopen(self.said, sizeof(self.said) - 1, "w");
    if (setjmp(self.end)) {
        check_said(true);
        return;
    }
    check_description(description_read("s.system"), self.board);
    check_said(false);
}
