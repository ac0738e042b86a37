/* tests/unit/http_status_report.c: what is told of the parts and of what they count, whatever lies in their pages: as JSON, for
 * Prometheus, as OpenMetrics. The tables are those of the parts themselves; there are as many parts as there can be, with
 * the longest names.
 */
#include <string.h>

#include "fs/nfs/counters.h"
#include "http/status/figures.h"
#include "http/status/measures.h"
#include "http/status/parts.h"
#include "http/status/report.h"
#include "net/counters.h"
#include "python/counters.h"
#include "tests/unit/fake_microkit.h"
#include "timer/counters.h"
#include "tls/counters.h"

#define COUNTER true
#define GAUGE false
#define ONE_OF(program, name, kind, help) {#name, program "_" #name, help, "", kind},
#define ONE_OF_MANY(program, family, which, kind, help) {#family "_" #which, program "_" #family, help, #which, kind},
#define NFS_ONE(name, kind, help) ONE_OF("nfs", name, kind, help)
#define NFS_OF(family, which, kind, help) ONE_OF_MANY("nfs", family, which, kind, help)
#define DRIVER_ONE(name, kind, help) ONE_OF("net_driver", name, kind, help)
#define DRIVER_OF(family, which, kind, help) ONE_OF_MANY("net_driver", family, which, kind, help)
#define MORE_ONE(name, kind, help) ONE_OF("more_of_them", name, kind, help)
#define MORE_OF(family, which, kind, help) ONE_OF_MANY("more_of_them", family, which, kind, help)
#define NFS_ROWS (sizeof(struct nfs_counters) / 8)
#define DRIVER_ROWS (sizeof(struct net_driver_counters) / 8)
#define MORE_ROWS                                                                                              \
    (sizeof(struct net_virt_rx_counters) + sizeof(struct net_virt_tx_counters) + sizeof(struct tls_counters) + \
     sizeof(struct python_counters) + sizeof(struct timer_counters)) /                                         \
        8

static struct supervisor_notes notes;
static union {
    struct nfs_counters named;
    uint64_t words[NFS_ROWS];
} nfs, other_nfs;
static union {
    struct net_driver_counters named;
    uint64_t words[DRIVER_ROWS];
} driver;
static uint64_t more[MORE_ROWS];

#define LONG "a_name_of_sixty_three_bytes_which_is_as_long_as_one_can_be_here"
#define LAST_CHILD 5
#define SILENT(text)                 \
    {                                \
        text, LAST_CHILD, NULL, 0, 0 \
    }
#define FOUR_LONG SILENT(LONG), SILENT(LONG), SILENT(LONG), SILENT(LONG)

const struct status_config status_config = {
    .notes = &notes,
    .part_count = STATUS_PARTS_MAX,
    .parts = {{"nfs", 0, nfs.words, 0, NFS_ROWS},
              {"other", 1, other_nfs.words, 0, NFS_ROWS},
              {"eth", 2, driver.words, NFS_ROWS, DRIVER_ROWS},
              {"all_the_rest", 3, more, NFS_ROWS + DRIVER_ROWS, MORE_ROWS},
              SILENT("silent"),
              SILENT(LONG),
              SILENT(LONG),
              SILENT(LONG),
              FOUR_LONG,
              FOUR_LONG,
              FOUR_LONG,
              FOUR_LONG,
              FOUR_LONG,
              FOUR_LONG},
    .counter_count = NFS_ROWS + DRIVER_ROWS + MORE_ROWS,
    .counters = {NFS_COUNTERS(NFS_ONE, NFS_OF) NET_DRIVER_COUNTERS(DRIVER_ONE, DRIVER_OF) NET_VIRT_RX_COUNTERS(
        MORE_ONE, MORE_OF) NET_VIRT_TX_COUNTERS(MORE_ONE, MORE_OF) TLS_COUNTERS(MORE_ONE, MORE_OF)
                     PYTHON_COUNTERS(MORE_ONE, MORE_OF) TIMER_COUNTERS(MORE_ONE, MORE_OF)},
};

struct measures measures;

uint32_t status_figures(struct status_figure figures[STATUS_FIGURES_MAX])
{
    for (uint32_t i = 0; i < STATUS_FIGURES_MAX; i++) {
        figures[i] = (struct status_figure){"a_figure", "What it is, in some ten words of plain text", true,
                                            UINT64_MAX};
    }
    return STATUS_FIGURES_MAX;
}

static char buffer[STATUS_REPORT_MAX + 1];

static const char *told(void (*report)(struct writer *text))
{
    struct writer text = writer_in(buffer, STATUS_REPORT_MAX);
    report(&text);
    CHECK(!text.full);
    buffer[writer_length(&text)] = '\0';
    return buffer;
}

static uint32_t times(const char *text, const char *what)
{
    uint32_t count = 0;
    for (; (text = strstr(text, what)); text++) {
        count++;
    }
    return count;
}

static void test_json(void)
{
    nfs.named.calls_read = 17;
    other_nfs.named.calls_read = 4;
    driver.named.resets = 3;
    const char *text = told(status_report_json);
    CHECK(strstr(text, "{\"name\":\"nfs\",\"dead\":false,\"deaths\":0,\"cpu_us\":18446744073709551,\"counts\":{\"calls_"
                       "null\":0,") != NULL);
    CHECK(strstr(text, "\"calls_read\":17,") && strstr(text, "\"calls_read\":4,") && strstr(text, "\"resets\":3}}"));
    CHECK(strstr(text, "{\"name\":\"silent\",\"dead\":false,\"deaths\":0,\"cpu_us\":18446744073709551}") != NULL);
    CHECK_EQUAL(times(text, "\"counts\":"), 4);
}

/* Of a family all stand together, behind one line each of help and type, whatever part they are of. */
static void test_metrics(void)
{
    const char *text = told(status_report_metrics);
    CHECK_EQUAL(times(text, "# TYPE serval_nfs_calls_total counter\n"), 1);
    const char *calls = strstr(text, "# TYPE serval_nfs_calls_total counter\n");
    const char *next = strstr(text, "# HELP serval_nfs_calls_under_way ");
    const char *read = strstr(text, "serval_nfs_calls_total{part=\"nfs\",kind=\"read\"} 17\n"
                                    "serval_nfs_calls_total{part=\"other\",kind=\"read\"} 4\n");
    CHECK(calls && read && next && calls < read && read < next);
    CHECK(strstr(text, "# TYPE serval_nfs_server_away gauge\nserval_nfs_server_away{part=\"nfs\"} 0\n") != NULL);
    CHECK(strstr(text, "serval_net_driver_resets_total{part=\"eth\"} 3\n") != NULL);
    text = told(status_report_openmetrics);
    CHECK(strstr(text, "# TYPE serval_nfs_calls counter\nserval_nfs_calls_total{part=\"nfs\",kind=\"null\"} 0\n") !=
          NULL);
}

/* A part may write what it likes: it is shown, with the others' as they are. The longest report has room. */
static void test_a_part_that_lies(void)
{
    memset(&nfs, 0xff, sizeof(nfs));
    memset(&driver, 0xff, sizeof(driver));
    memset(more, 0xff, sizeof(more));
    memset(&measures, 0xff, sizeof(measures));
    measures.recent_count = MEASURE_RECENT;
    for (uint32_t i = 0; i < MEASURE_RECENT; i++) {
        measures.recent[i] = (struct measure_recent){.length = MEASURE_PATH, .took_us = UINT64_MAX};
    }
    CHECK(strstr(told(status_report_json), "\"calls_read\":18446744073709551615,") != NULL);
    CHECK(strstr(buffer, "\"calls_read\":4,") != NULL);
    (void)told(status_report_metrics);
    (void)told(status_report_openmetrics);
}

/* All have had the CPU for as long as can be said. */
static microkit_msginfo tell(microkit_channel channel, microkit_msginfo info)
{
    for (uint8_t i = 0; i <= LAST_CHILD; i++) {
        microkit_mr_set(i, UINT64_MAX);
    }
    return microkit_msginfo_new(0, LAST_CHILD + 1);
}

/* What it counted stays until it counts anew; that it is dead the supervisor says. */
static void test_a_dead_part(void)
{
    notes.records[0] = (struct supervisor_record){.child = 1, .deaths = 1, .pause_ms = 1000};
    notes.count = 1;
    const char *text = told(status_report_metrics);
    CHECK(strstr(text, "serval_part_up{part=\"other\"} 0\n") && strstr(text, "serval_part_up{part=\"nfs\"} 1\n"));
    CHECK(strstr(text, "serval_nfs_calls_total{part=\"other\",kind=\"read\"} 4\n") != NULL);
    fake_set_now_ns(1000000000);
    CHECK(strstr(told(status_report_metrics), "serval_part_up{part=\"other\"} 1\n") != NULL);
}

int main(void)
{
    fake_reset();
    fake_on_ppcall(tell);
    test_json();
    test_metrics();
    test_a_dead_part();
    test_a_part_that_lies();
    return 0;
}
