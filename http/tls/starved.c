/* starved.c: who waits for a block or a packet, in order.
 *   consumes  the word of sealed.c and opened.c that one is free again
 *   produces  a call for each that waits, in the same event, until one of them still finds none
 *   invariant who wants a block goes behind those that wait for one, though he may just have given one back
 *   when full each waits in one place of a list; should nobody give anything back, TCP's clock looks again
 */
#include "http/tls/starved.h"

#include "http/conn/transport_tcp.h"
#include "http/tls/opened.h"

static struct {
    void (*go_on)(struct tls_conn *conn);
    struct list waiting[STARVED_FOR_PACKET + 1];
    const struct tls_conn *served; /* whose turn it is */
    bool freed;                    /* there is one */
} self;

void starved_wait(struct tls_conn *conn, enum starved_for what)
{
    sealed_await();
    opened_await();
    if (!list_has(&conn->starved)) {
        list_add_last(&self.waiting[what], &conn->starved);
    }
    transport_tcp_try_again(conn->transport);
}

bool starved_others_first(const struct tls_conn *conn)
{
    const struct list_link *first = list_first(&self.waiting[STARVED_FOR_BLOCK]);
    return first && first != &conn->starved && self.served != conn;
}

static void serve(struct list *waiting)
{
    struct list_link *link;
    for (uint32_t left = HTTP_CONNECTIONS_MAX; left > 0 && (link = list_take_first(waiting)) != NULL; left--) {
        struct tls_conn *conn = LIST_ITEM(struct tls_conn, starved, link);
        conn->transport->no_memory = false;
        self.served = conn;
        self.go_on(conn);
        if (list_has(&conn->starved)) {
            break;
        }
    }
    self.served = NULL;
}

void starved_serve(void)
{
    if (self.freed) {
        self.freed = false;
        serve(&self.waiting[STARVED_FOR_BLOCK]);
        serve(&self.waiting[STARVED_FOR_PACKET]);
    }
}

static void on_freed(void)
{
    self.freed = true;
}

void starved_init(const struct region *sealed, void (*go_on)(struct tls_conn *conn))
{
    self.go_on = go_on;
    list_init(&self.waiting[STARVED_FOR_BLOCK]);
    list_init(&self.waiting[STARVED_FOR_PACKET]);
    opened_init(on_freed);
    sealed_init(sealed, on_freed);
}
