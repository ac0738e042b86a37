/* lib/random.h: one generator of random numbers for a PD: ChaCha20 (RFC 8439 2.3), whose key is replaced by its own
 * output at each use.
 *
 * It is as good as what it was fed with. `sound`: with 256 bits of a source that was made for this and is tested
 * (entropy/client.h asks for them); until then with the counter's jitter, and what else a library knows: good against
 * somebody who guesses from afar, no basis for keys. Who needs keys waits for the outcome:
 *
 *     random_on_outcome(start, NULL);                 // start() asks random_is_sound(), and does without keys if not
 *
 * After a restart the generator begins anew, without anything of its former life.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#define RANDOM_SEED_BYTES 32

/* At once, as many as are asked for; from a generator that is not sound, too. */
void random_bytes(void *bytes, uint32_t count);
uint32_t random_word(void);

bool random_is_sound(void);

/* Called when it is known whether there is a sound seed, at once if it is; and again when one comes after all. At most
 * 4 handlers. */
void random_on_outcome(void (*handler)(void *context), void *context);

/* -- for those who feed it: each adds to what the key knows, none replaces it -- */

/* Not more than 256 times: of little worth each. */
void random_stir(uint64_t value);
/* The counter's low bits after work whose length varies: for a PD that has nothing better. Some 100,000 instructions. */
void random_stir_jitter(void);
/* Any number of bytes. */
void random_mix(const void *bytes, uint32_t count);
/* The outcome: enough of a sound source was mixed in; or there is none. What is sound stays so. */
void random_settle(bool sound);

/* A hash of two words, for who has the key alone: one block of the cipher. */
uint64_t random_keyed_hash(const uint64_t key[2], uint64_t a, uint64_t b);

#endif
