/* output.c: transports that were written to outside of their own events: nobody sends that by itself.
 *   produces  their flush(), once, when this batch of events is done
 */
#include "http/conn/output.h"

#include "lib/pd.h"

static struct {
    struct list owed;
} self;

void output_owe(struct transport *t)
{
    if (!list_has(&t->owed)) {
        list_add_last(&self.owed, &t->owed);
    }
}

void output_forget(struct transport *t)
{
    list_remove(&t->owed);
}

static void send_owed(void *context)
{
    struct list_link *link;
    while ((link = list_take_first(&self.owed)) != NULL) {
        struct transport *t = LIST_ITEM(struct transport, owed, link);
        t->ops->flush(t);
    }
}

void output_init(void)
{
    list_init(&self.owed);
    pd_before_flush(send_owed, NULL);
}
