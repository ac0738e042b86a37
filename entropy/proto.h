/* entropy/proto.h: a client's protected call to the entropy service, and the service's notification to it.
 *
 * Label ENTROPY_ASK. The answer's label is ENTROPY_SEED, with 32 bytes in message registers 0 to 3 that nobody else gets;
 * or ENTROPY_NO_SOURCE: there is no device, or it has failed its tests; or anything else (ENTROPY_NONE_YET, nothing at
 * all from a service that is just being restarted): none yet. Who was told so is notified when it is worth asking again.
 *
 * A notification may come for nothing: the service has started anew then, and does not know who waits. So a client that
 * is notified asks again if it still needs to. A client that starts anew asks anew. The service waits for no client, and
 * answers each call at once.
 *
 * By a call, not a page: there is no memory that a seed stays in, and none of a client that the service would have to
 * mistrust.
 */
#ifndef ENTROPY_PROTO_H
#define ENTROPY_PROTO_H

#define ENTROPY_ASK 1

#define ENTROPY_NONE_YET 0
#define ENTROPY_SEED 1
#define ENTROPY_NO_SOURCE 2

#define ENTROPY_WORDS 4 /* of 64 bits: a seed */
#define ENTROPY_CLIENTS_MAX 16

#endif
