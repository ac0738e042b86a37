/* board.c: board.conf, line by line.
 *   consumes  a file of the SDK, NOT trusted to be whole: a line that is wrong, or missing, ends the run with its place
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/abi/mmu.h"
#include "sdk/tool/board.h"
#include "sdk/tool/file.h"

enum fact { RAM, LOAD, UART, GICD, GICC, IRQS, SMC, FACT_COUNT };

static const struct {
    const char *word;
    int numbers;
} facts[FACT_COUNT] = {
    [RAM] = {"ram", 2},   [LOAD] = {"load", 1}, [UART] = {"uart", 1}, [GICD] = {"gicd", 1},
    [GICC] = {"gicc", 1}, [IRQS] = {"irqs", 1}, [SMC] = {"smc", 1},
};

static enum fact fact_of(const char *word, struct place place)
{
    for (int i = 0; i < FACT_COUNT; i++) {
        if (strcmp(word, facts[i].word) == 0) {
            return (enum fact)i;
        }
    }
    const char *all = facts[0].word;
    for (int i = 1; i < FACT_COUNT; i++) {
        all = diag_printf("%s %s", all, facts[i].word);
    }
    diag_refuse(place, "unknown word '%s'; allowed: %s", word, all);
}

static uint64_t next_number(struct place place, const char *word)
{
    char *text = strtok(NULL, " \t\r");
    char *end = text;
    uint64_t value = text == NULL ? 0 : strtoull(text, &end, 0);
    if (text == NULL || *end != '\0') {
        diag_refuse(place, "'%s' wants a number, not '%s'", word, text == NULL ? "" : text);
    }
    return value;
}

static void read_line(struct board *board, char *line, struct place place, bool seen[FACT_COUNT])
{
    line[strcspn(line, "#")] = '\0';
    const char *word = strtok(line, " \t\r");
    if (word == NULL) {
        return;
    }
    uint64_t *first[FACT_COUNT] = {&board->ram_pa,  &board->load_pa, &board->uart_pa, &board->gicd_pa,
                                   &board->gicc_pa, &board->irqs,    &board->smc};
    enum fact fact = fact_of(word, place);
    *first[fact] = next_number(place, word);
    if (facts[fact].numbers == 2) {
        board->ram_size = next_number(place, word);
    }
    seen[fact] = true;
}

static void check_board(const struct board *board)
{
    struct place place = {.file = board->file};
    uint64_t ram_end = board->ram_pa + board->ram_size;
    if (((board->ram_pa | board->ram_size | board->load_pa) & (MMU_LARGE_PAGE_SIZE - 1)) != 0) {
        diag_refuse(place, "ram and load must be multiples of 0x%lx", MMU_LARGE_PAGE_SIZE);
    }
    if (ram_end < board->ram_pa || board->load_pa < board->ram_pa || board->load_pa >= ram_end) {
        diag_refuse(place, "load is not in RAM (0x%lx); RAM is 0x%lx to 0x%lx", board->load_pa, board->ram_pa, ram_end);
    }
}

struct board *board_read(const char *path)
{
    struct board *board = diag_alloc(sizeof(*board));
    board->file = path;
    size_t size;
    char *text = file_read((struct place){.file = path}, path, &size);
    bool seen[FACT_COUNT] = {[SMC] = true}; /* or not */
    struct place place = {.file = path, .line = 1, .column = 1};
    for (char *line = text; line != NULL; place.line++) {
        char *next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        read_line(board, line, place, seen);
        line = next;
    }
    for (int i = 0; i < FACT_COUNT; i++) {
        if (!seen[i]) {
            diag_refuse((struct place){.file = path}, "missing line '%s'", facts[i].word);
        }
    }
    check_board(board);
    return board;
}
