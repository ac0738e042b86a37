/* head.c: the end of all heads: Date, Connection, the empty line.
 *   consumes  the time (lib/pd.h); one line of it serves all answers of a second
 *   when full the writer says so
 */
#include "http/response/head.h"

#include "http/parse/date.h"
#include "lib/pd.h"

#define S 1000000000ull
#define DATE_LINE (6 + HTTP_DATE_LENGTH + 2)

static struct {
    char date_line[DATE_LINE]; /* "Date: ...\r\n", of the second up to: */
    uint64_t date_until_ns;    /* pd_now_ns() */
    int64_t now_s;             /* since 1970 */
    char stay_secured[64];     /* a line for answers over TLS, or "" */
    uint32_t head_length;
} self;

static void see_time(uint64_t now)
{
    if (now < self.date_until_ns) {
        return;
    }
    uint64_t unix_ns = pd_unix_time_ns();
    self.now_s = (int64_t)(unix_ns / S);
    self.date_until_ns = now + S - unix_ns % S;
    memcpy(self.date_line, "Date: ", 6);
    http_date_format(self.now_s, self.date_line + 6);
    memcpy(self.date_line + DATE_LINE - 2, "\r\n", 2);
}

int64_t response_s_at(uint64_t now_ns)
{
    see_time(now_ns);
    return self.now_s;
}

uint64_t response_s_until(uint64_t now_ns)
{
    see_time(now_ns);
    return self.date_until_ns;
}

int64_t response_now_s(void)
{
    return response_s_at(pd_now_ns());
}

void response_end(struct writer *head, const struct reply *reply, bool date)
{
    if (date) {
        see_time(pd_now_ns());
        writer_put_bytes(head, self.date_line, DATE_LINE);
    }
    if (reply->ends) {
        writer_put(head, "Connection: close\r\n");
    } else if (reply->minor == 0) {
        writer_put(head, "Connection: keep-alive\r\n");
    }
    if (reply->secured) {
        writer_put(head, self.stay_secured);
    }
    writer_put(head, "\r\n");
    self.head_length = writer_length(head);
}

uint32_t response_head_length(void)
{
    return self.head_length;
}

/* RFC 6797, 6.1; 7.2: over TLS alone. */
void response_stay_secured(uint32_t seconds)
{
    struct writer line = writer_in(self.stay_secured, sizeof(self.stay_secured) - 1);
    writer_put(&line, "Strict-Transport-Security: max-age=");
    writer_put_number(&line, seconds);
    writer_put(&line, "\r\n");
    self.stay_secured[writer_length(&line)] = '\0';
}
