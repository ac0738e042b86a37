/* random.c: what the stack adds to the generator of its PD (lib/random.h), and its keyed hash. How good the seed is:
 * docs/LIMITS.md.
 *   consumes  a seed of the entropy service, where the PD is a client of one (entropy/client.h); the MAC address and the
 *             clock's seconds, which make two machines differ where there is none
 *   produces  a hash that nobody outside can compute; with a sound seed that came later it has another key
 */
#include <string.h>

#include "entropy/client.h"
#include "lib/random.h"
#include "net/ip/internal.h"

static struct {
    uint64_t hash_key[2];
} self;

static void draw_hash_key(void *context)
{
    random_bytes(self.hash_key, sizeof(self.hash_key));
}

void ip_random_seed(const struct ip_config *config, const uint8_t mac[6])
{
    uint64_t mac_bits = 0;
    memcpy(&mac_bits, mac, 6);
    random_stir(mac_bits);
    random_stir(config->rtc ? *config->rtc : 0);
    entropy_client_init(config->entropy);
    draw_hash_key(NULL);
    random_on_outcome(draw_hash_key, NULL);
}

/* One ChaCha block: as strong as it gets, and a new connection is rare enough. */
uint64_t ip_random_keyed_hash(uint64_t a, uint64_t b)
{
    return random_keyed_hash(self.hash_key, a, b);
}
