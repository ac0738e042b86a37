/* syslog.c: a datagram for each line: facility local7, severity informational.
 *   consumes  lines of access.c
 *   produces  datagrams of lwIP's, to one address
 *   when full a datagram for which there is no memory, or no way, is lost: nobody waits, as UDP has it
 */
#include "http/access/syslog.h"

#include <string.h>

#include "http/access/line.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

#include "lwip/udp.h"

#define PRIORITY "<190>1 " /* local7 * 8 + informational; version */
#define HEAD_MAX 128

static struct {
    struct udp_pcb *udp;
    ip_addr_t to;
    uint16_t port;
    char head[HEAD_MAX]; /* of all messages of a second: */
    uint32_t head_length;
    int64_t now_s;
} self;

static void update_head(int64_t now_s)
{
    struct writer head = writer_in(self.head, sizeof(self.head));
    if (now_s == self.now_s) {
        return;
    }
    writer_put(&head, PRIORITY);
    line_put_time(&head, now_s);
    writer_put(&head, " ");
    writer_put(&head, ip_config.hostname);
    writer_put(&head, " serval - access - ");
    self.head_length = writer_length(&head);
    self.now_s = now_s;
}

void access_syslog_send(const char *line, uint32_t length, int64_t now_s)
{
    update_head(now_s);
    struct pbuf *message = pbuf_alloc(PBUF_TRANSPORT, (u16_t)(self.head_length + length), PBUF_RAM);
    if (message) {
        memcpy(message->payload, self.head, self.head_length);
        memcpy((char *)message->payload + self.head_length, line, length);
        udp_sendto(self.udp, message, &self.to, self.port);
        pbuf_free(message);
    }
}

void access_syslog_init(const uint8_t address[4], uint16_t port)
{
    self.udp = udp_new();
    require(self.udp, "access log: endpoints of UDP", port);
    IP4_ADDR(&self.to, address[0], address[1], address[2], address[3]);
    self.port = port;
    self.now_s = -1;
}
