/* callers.c: who called whom in a PD that faulted, by its frame records (AAPCS64, "The Frame Pointer"): x29 points to
 * two words, the caller's x29 and the return address.
 *
 *   consumes  x29 and the words of the records, NOT trusted: the PD may have left anything there
 *   produces  at most CALLERS_MAX return addresses
 *   reads     through the PD's own translation, with EL0's rights, and RAM only: no address that a PD leaves here can
 *             make the kernel fault, touch a device, or read what the PD itself could not
 *   ends      at a record that is not above the last one, so a ring of records ends, too
 */
#include "sdk/kernel/callers.h"

#include "sdk/kernel/arch.h"

#define CALLERS_MAX 24

static struct {
    uint64_t ram_pa;
    uint64_t ram_size;
} self;

void callers_init(const struct abi_system *system)
{
    self.ram_pa = system->ram_pa;
    self.ram_size = system->ram_size;
}

struct callers callers_of(struct pd *pd)
{
    pd_load(pd);
    return (struct callers){.record = pd->context.x[29], .left = CALLERS_MAX};
}

/* RAM is a number of whole pages, so the page tells. */
static bool load_word(uint64_t address, uint64_t *word)
{
    uint64_t par = TRANSLATE_AS_EL0(address);

    if (par & PAR_FAULT || (par & PAR_ADDRESS_MASK) - self.ram_pa >= self.ram_size) {
        return false;
    }
    *word = LOAD_AS_EL0(address);
    return true;
}

bool callers_next(struct callers *callers, uint64_t *address)
{
    uint64_t record = callers->record;
    uint64_t above;

    if (callers->left == 0 || record == 0 || record % sizeof(uint64_t) != 0 || !load_word(record, &above) ||
        !load_word(record + sizeof(uint64_t), address) || *address == 0) {
        return false;
    }
    callers->left--;
    callers->record = above > record ? above : 0;
    return true;
}
