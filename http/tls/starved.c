/* starved.c: who waits for a block or a packet, in order.
 *   consumes  the word of sealed.c and opened.c that one is free again
 *   produces  a call for each that waits, in the same event, until one of them still finds none
 *   when full each waits in one place of the list; should nobody give anything back, TCP's clock looks again
 */
#include "http/tls/starved.h"

#include "http/conn/transport_tcp.h"
#include "http/tls/opened.h"

static struct {
    void (*go_on)(struct tls_conn *conn);
    struct list waiting;
    bool freed; /* there is one */
} self;

void starved_wait(struct tls_conn *conn)
{
    sealed_await();
    opened_await();
    if (!list_has(&conn->starved)) {
        list_add_last(&self.waiting, &conn->starved);
    }
    transport_tcp_try_again(conn->transport);
}

void starved_serve(void)
{
    struct list_link *link;
    if (!self.freed) {
        return;
    }
    self.freed = false;
    for (uint32_t left = HTTP_CONNECTIONS_MAX; left > 0 && (link = list_take_first(&self.waiting)) != NULL; left--) {
        struct tls_conn *conn = LIST_ITEM(struct tls_conn, starved, link);
        conn->transport->no_memory = false;
        self.go_on(conn);
        if (list_has(&conn->starved)) {
            return;
        }
    }
}

static void on_freed(void)
{
    self.freed = true;
}

void starved_init(const struct region *sealed, void (*go_on)(struct tls_conn *conn))
{
    self.go_on = go_on;
    list_init(&self.waiting);
    opened_init(on_freed);
    sealed_init(sealed, on_freed);
}
