/* output.c: connections that were written to outside of their own callback: lwIP does not send that by itself.
 *   produces  tcp_output() for each, once, when this batch of events is done
 */
#include "http/conn/output.h"

#include "lib/pd.h"

static struct {
    struct list owed;
} self;

void output_owe(struct http_conn *c)
{
    if (!list_has(&c->owed)) {
        list_add_last(&self.owed, &c->owed);
    }
}

void output_forget(struct http_conn *c)
{
    list_remove(&c->owed);
}

static void send_owed(void *context)
{
    struct list_link *link;
    while ((link = list_take_first(&self.owed)) != NULL) {
        tcp_output(LIST_ITEM(struct http_conn, owed, link)->tcp);
    }
}

void output_init(void)
{
    list_init(&self.owed);
    pd_before_flush(send_owed, NULL);
}
