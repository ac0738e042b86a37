/* serial/proto.h: what passes between a client, the virtualisers and the UART driver: byte rings (lib/ring.h, size 1).
 *
 *   client --tx--> virt_tx --tx--> driver --> UART --> driver --rx--> virt_rx --rx--> console client
 *
 * Output: virt_tx takes whole lines from each client in turn and writes each with its client's name and colour before
 * it, so that lines of two clients never mix; a client marked `raw` (the interactive prompt) passes byte for byte.
 * A full ring is back-pressure: the producer arms it and is notified when there is room. Input goes to the one client
 * that the description names; what it has no room for is dropped and counted.
 */
#ifndef SERIAL_PROTO_H
#define SERIAL_PROTO_H

#define SERIAL_CLIENTS_MAX 16
#define SERIAL_NAME_MAX 24
#define SERIAL_TX_CAPACITY 4096 /* bytes, of a client's ring by default */

#endif
