/* report.c: what is known, as JSON, as Prometheus reads it, as OpenMetrics 1.0.
 *   consumes  figures, measures, the supervisor's notes, what parts count: numbers; names out of the description; the path
 *             of a request, of a client, NOT trusted: what could end a string in JSON is put as '?'
 *   when full the writer says so; paths.c answers 500 then
 */
#include "http/status/report.h"

#include <string.h>

#include "http/status/figures.h"
#include "http/status/measures.h"
#include "http/status/parts.h"
#include "lib/pd.h"

#define MS 1000000ull
#define US_DIGITS 6
#define LATENCIES 26 /* buckets that are told */

static struct {
    struct status_figure figures[STATUS_FIGURES_MAX];
    bool openmetrics; /* a counter's family has no _total in its name then */
} self;

static void put_member(struct writer *text, const char *before, const char *name, uint64_t value)
{
    writer_put(text, before);
    writer_put(text, "\"");
    writer_put(text, name);
    writer_put(text, "\":");
    writer_put_number(text, value);
}

static void put_array(struct writer *text, const char *name, const uint64_t *values, uint32_t count)
{
    writer_put(text, ",\n\"");
    writer_put(text, name);
    for (uint32_t i = 0; i < count; i++) {
        writer_put(text, i == 0 ? "\":[" : ",");
        writer_put_number(text, values[i]);
    }
    writer_put(text, "]");
}

/* -- what both tell -- */

/* The last is all that took longer than the one before it. */
static void shown_latency(uint64_t shown[LATENCIES])
{
    memset(shown, 0, LATENCIES * sizeof(*shown));
    for (uint32_t i = 0; i < MEASURE_BUCKETS; i++) {
        shown[i < LATENCIES ? i : LATENCIES - 1] += measures.latency[i];
    }
}

/* -- JSON -- */

static void put_figures(struct writer *text)
{
    uint32_t count = status_figures(self.figures);
    for (uint32_t i = 0; i < count; i++) {
        put_member(text, i == 0 ? "{" : ",", self.figures[i].name, self.figures[i].value);
    }
}

static void put_counts(struct writer *text, uint32_t part)
{
    const char *before = ",\"counts\":{";
    for (uint32_t i = 0; i < status_config.counter_count; i++) {
        if (status_parts_has(part, i)) {
            put_member(text, before, status_config.counters[i].name, status_parts_count(part, i));
            before = ",";
        }
    }
    writer_put(text, status_config.parts[part].page ? "}" : "");
}

static void put_parts(struct writer *text, uint64_t now_ns)
{
    status_parts_read();
    writer_put(text, ",\n\"parts\":[");
    for (uint32_t i = 0; i < status_config.part_count; i++) {
        const struct supervisor_record *last = status_parts_last(i);
        writer_put(text, i == 0 ? "\n{\"name\":\"" : ",\n{\"name\":\"");
        writer_put(text, status_config.parts[i].name);
        writer_put(text, status_parts_dead(i, now_ns) ? "\",\"dead\":true" : "\",\"dead\":false");
        put_member(text, ",", "deaths", last->deaths);
        if (status_parts_cpu_is_known(i)) {
            put_member(text, ",", "cpu_us", status_parts_cpu_us(i));
        }
        if (last->deaths > 0) {
            put_member(text, ",", "died_ms_ago", (now_ns - last->time_ns) / MS);
            put_member(text, ",", "pause_ms", last->pause_ms);
            put_member(text, ",", "fault", last->label);
            put_member(text, ",", "pc", last->pc);
            put_member(text, ",", "address", last->address);
            put_member(text, ",", "esr", last->esr);
        }
        put_counts(text, i);
        writer_put(text, "}");
    }
    writer_put(text, "]");
}

static void put_path(struct writer *text, const struct measure_recent *recent)
{
    for (uint32_t i = 0; i < recent->length; i++) {
        char c = recent->path[i];
        bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
        writer_put_bytes(text, plain ? &c : "?", 1);
    }
    if (recent->length == MEASURE_PATH) {
        writer_put(text, "..");
    }
}

static void put_recent(struct writer *text)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "other"};
    const struct measures *m = &measures;
    const char *before = "";
    uint64_t now = pd_now_ticks();
    writer_put(text, ",\n\"recent\":[");
    for (uint32_t i = 0; i < MEASURE_RECENT && i < m->recent_count; i++) {
        const struct measure_recent *recent = &m->recent[(m->recent_count - 1 - i) % MEASURE_RECENT];
        writer_put(text, before);
        writer_put(text, "\n{\"method\":\"");
        writer_put(text, methods[recent->method]);
        writer_put(text, "\",\"path\":\"");
        put_path(text, recent);
        writer_put(text, recent->connection ? "\",\"open\":true" : "\",\"open\":false");
        put_member(text, ",", "status", recent->status);
        put_member(text, ",", "us", recent->took_us);
        put_member(text, ",", "ms_ago", pd_us_from_ticks(now - recent->began) / 1000);
        writer_put(text, "}");
        before = ",";
    }
    writer_put(text, "]");
}

void status_report_json(struct writer *text)
{
    uint64_t now_ns = pd_now_ns(), latency[LATENCIES];
    put_figures(text);
    put_member(text, ",\n", "now_ms", now_ns / MS);
    put_member(text, ",", "latency_sum_us", measures.latency_us);
    put_array(text, "classes", measures.classes, MEASURE_CLASSES);
    shown_latency(latency);
    put_array(text, "latency", latency, LATENCIES);
    put_parts(text, now_ns);
    put_recent(text);
    writer_put(text, "}\n");
}

/* -- metrics -- */

static void put_family(struct writer *text, const char *name, const char *type, const char *help)
{
    const char *end = !self.openmetrics && strcmp(type, "counter") == 0 ? "_total " : " ";
    writer_put(text, "# HELP serval_");
    writer_put(text, name);
    writer_put(text, end);
    writer_put(text, help);
    writer_put(text, ".\n# TYPE serval_");
    writer_put(text, name);
    writer_put(text, end);
    writer_put(text, type);
    writer_put(text, "\n");
}

/* value / 10^digits */
static void put_decimal(struct writer *text, uint64_t value, uint32_t digits)
{
    uint64_t unit = 1;
    for (uint32_t i = 0; i < digits; i++) {
        unit *= 10;
    }
    writer_put_number(text, value / unit);
    writer_put(text, ".");
    for (value %= unit; unit > 1; value %= unit) {
        unit /= 10;
        writer_put_number(text, value / unit);
    }
}

static void put_sample(struct writer *text, const char *name, const char *label, const char *labelled)
{
    writer_put(text, "serval_");
    writer_put(text, name);
    writer_put(text, "{");
    writer_put(text, label);
    writer_put(text, "=\"");
    writer_put(text, labelled);
    writer_put(text, "\"} ");
}

static void put_all_figures(struct writer *text)
{
    uint32_t count = status_figures(self.figures);
    for (uint32_t i = 0; i < count; i++) {
        const struct status_figure *figure = &self.figures[i];
        put_family(text, figure->name, figure->counter ? "counter" : "gauge", figure->help);
        writer_put(text, "serval_");
        writer_put(text, figure->name);
        writer_put(text, figure->counter ? "_total " : " ");
        writer_put_number(text, figure->value);
        writer_put(text, "\n");
    }
}

static void put_classes(struct writer *text)
{
    static const char *const names[MEASURE_CLASSES] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    put_family(text, "answers", "counter", "Answers by class of status");
    for (uint32_t i = 1; i < MEASURE_CLASSES; i++) {
        put_sample(text, "answers_total", "class", names[i]);
        writer_put_number(text, measures.classes[i]);
        writer_put(text, "\n");
    }
}

static void put_latency(struct writer *text)
{
    uint64_t below = 0, latency[LATENCIES];
    shown_latency(latency);
    put_family(text, "request_seconds", "histogram", "From a request to the end of its answer with TCP");
    for (uint32_t i = 0; i < LATENCIES; i++) {
        below += latency[i];
        writer_put(text, "serval_request_seconds_bucket{le=\"");
        if (i < LATENCIES - 1) {
            put_decimal(text, 1ull << i, US_DIGITS);
        } else {
            writer_put(text, "+Inf");
        }
        writer_put(text, "\"} ");
        writer_put_number(text, below);
        writer_put(text, "\n");
    }
    writer_put(text, "serval_request_seconds_count ");
    writer_put_number(text, below);
    writer_put(text, "\nserval_request_seconds_sum ");
    put_decimal(text, measures.latency_us, US_DIGITS);
    writer_put(text, "\n");
}

static void put_deaths(struct writer *text, uint64_t now_ns)
{
    status_parts_read();
    put_family(text, "part_deaths", "counter", "How often a part has died and was restarted");
    for (uint32_t i = 0; i < status_config.part_count; i++) {
        put_sample(text, "part_deaths_total", "part", status_config.parts[i].name);
        writer_put_number(text, status_parts_last(i)->deaths);
        writer_put(text, "\n");
    }
    put_family(text, "part_up", "gauge", "0 while a part that has died waits for its restart");
    for (uint32_t i = 0; i < status_config.part_count; i++) {
        put_sample(text, "part_up", "part", status_config.parts[i].name);
        writer_put(text, status_parts_dead(i, now_ns) ? "0\n" : "1\n");
    }
}

/* Behind put_deaths(), which asks. */
static void put_cpu(struct writer *text)
{
    bool begun = false;
    for (uint32_t i = 0; i < status_config.part_count; i++) {
        if (!status_parts_cpu_is_known(i)) {
            continue;
        }
        if (!begun) {
            put_family(text, "part_cpu_seconds", "counter", "For how long a part has had the CPU");
            begun = true;
        }
        put_sample(text, "part_cpu_seconds_total", "part", status_config.parts[i].name);
        put_decimal(text, status_parts_cpu_us(i), US_DIGITS);
        writer_put(text, "\n");
    }
}

/* A word of each part that has it. */
static void put_counted(struct writer *text, uint32_t number)
{
    const struct status_counter *counter = &status_config.counters[number];
    for (uint32_t i = 0; i < status_config.part_count; i++) {
        if (!status_parts_has(i, number)) {
            continue;
        }
        writer_put(text, "serval_");
        writer_put(text, counter->family);
        writer_put(text, counter->counter ? "_total{part=\"" : "{part=\"");
        writer_put(text, status_config.parts[i].name);
        writer_put(text, counter->which[0] ? "\",kind=\"" : "");
        writer_put(text, counter->which);
        writer_put(text, "\"} ");
        writer_put_number(text, status_parts_count(i, number));
        writer_put(text, "\n");
    }
}

static void put_all_counted(struct writer *text)
{
    for (uint32_t i = 0; i < status_config.counter_count; i++) {
        const struct status_counter *counter = &status_config.counters[i];
        if (counter->help[0]) {
            put_family(text, counter->family, counter->counter ? "counter" : "gauge", counter->help);
        }
        put_counted(text, i);
    }
}

static void put_metrics(struct writer *text, bool openmetrics)
{
    self.openmetrics = openmetrics;
    put_all_figures(text);
    put_classes(text);
    put_latency(text);
    put_deaths(text, pd_now_ns());
    put_cpu(text);
    put_all_counted(text);
}

void status_report_metrics(struct writer *text)
{
    put_metrics(text, false);
}

void status_report_openmetrics(struct writer *text)
{
    put_metrics(text, true);
    writer_put(text, "# EOF\n");
}
