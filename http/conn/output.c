/* output.c: connections that were written to outside of their own callback: lwIP does not send that by itself.
 *   produces  tcp_output() for each, once, when this batch of events is done
 */
#include "http/conn/output.h"

#include "lib/pd.h"

static struct {
    struct http_conn *owed;
} self;

void output_owe(struct http_conn *c)
{
    if (!c->owed) {
        c->owed = true;
        c->next_owed = self.owed;
        self.owed = c;
    }
}

void output_forget(struct http_conn *c)
{
    for (struct http_conn **at = &self.owed; c->owed && *at; at = &(*at)->next_owed) {
        if (*at == c) {
            *at = c->next_owed;
            c->owed = false;
            break;
        }
    }
}

static void send_owed(void *context)
{
    while (self.owed) {
        struct http_conn *c = self.owed;
        self.owed = c->next_owed;
        c->owed = false;
        tcp_output(c->tcp);
    }
}

void output_init(void)
{
    pd_before_flush(send_owed, NULL);
}
