/* serial/proto.h: what passes between a client, the virtualisers and the UART driver: byte rings (lib/ring.h, size 1).
 *
 *   client --tx--> virt_tx --tx--> driver --> UART --> driver --rx--> virt_rx --rx--> console client
 *
 * Output: virt_tx takes whole lines from each client in turn and writes each with its client's name and colour
 * before it, so that lines of two clients never mix; a client marked `raw` (the interactive prompt) passes byte for
 * byte, between the lines of others. A line without an end waits for its end; one longer than SERIAL_LINE_MAX is
 * passed in pieces, each a line of its own. Control characters in a line, save tab, are shown as '?': no client can
 * move the cursor, or pretend to be another one.
 *
 * Input goes to the one client that the description names, and is dropped where there is none.
 *
 * A full ring is back-pressure, all the way, in both directions: the producer arms it and is notified when there is
 * room. Only the UART's own receive FIFO can overrun; the driver counts that.
 */
#ifndef SERIAL_PROTO_H
#define SERIAL_PROTO_H

#define SERIAL_CLIENTS_MAX 16
#define SERIAL_NAME_MAX 24
#define SERIAL_TX_CAPACITY 4096 /* bytes, of a client's ring by default */
#define SERIAL_RX_CAPACITY 1024
#define SERIAL_LINE_MAX 512 /* bytes of a line that are kept together, without name and newline */

#endif
