/* fields.c: attributes of the description, one at a time.
 *   consumes  names and values out of the XML file: any text, of whoever wrote it
 *   produces  numbers in their bounds, names that are not empty, truth values; anything else ends the run, with its place
 */
#include <string.h>

#include "sdk/abi/mmu.h"
#include "sdk/tool/fields.h"

/* What Microkit has, in some release or on some machine, and this SDK has not. */
struct unsupported {
    const char *name; /* NULL: the list's end */
    const char *why;
};

static const struct unsupported unsupported_elements[] = {
    {"virtual_machine", "this SDK has no virtual machines"},
    {"vcpu", "this SDK has no virtual machines"},
    {"ioport", "I/O ports exist on x86 only"},
    {"iomap", "this SDK drives no IOMMU"},
    {"io_address_space", "this SDK drives no IOMMU"},
    {"cspace", "this SDK has no capabilities to hand out"},
    {"domains", "this SDK has no domain scheduler"},
    {"domain", "this SDK has no domain scheduler"},
    {"domain_schedule", "this SDK has no domain scheduler"},
    {NULL, NULL},
};

static const struct unsupported unsupported_attributes[] = {
    {"domain", "this SDK has no domain scheduler"},
    {"path_for_symbols", "symbols are looked up in the program itself"},
    {"prefill_bootinfo", "this SDK has no boot information block"},
    {"pin", "I/O APICs exist on x86 only"},
    {"ioapic", "I/O APICs exist on x86 only"},
    {"pcidev", "message-signalled interrupts exist on x86 only"},
    {"handle", "message-signalled interrupts exist on x86 only"},
    {"vector", "interrupt vectors exist on x86 only"},
    {"polarity", "I/O APICs exist on x86 only"},
    {NULL, NULL},
};

/* NULL: it is not in the list. */
static const char *why_unsupported(const struct unsupported *list, const char *name)
{
    while (list->name != NULL && strcmp(list->name, name) != 0) {
        list++;
    }
    return list->why;
}

static bool listed(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)) != NULL; at += length) {
        bool starts = at == names || at[-1] == ' ';
        if (starts && (at[length] == '\0' || at[length] == ' ')) {
            return true;
        }
    }
    return false;
}

void fields_attributes(const struct xml_node *node, const char *allowed)
{
    for (size_t i = 0; i < node->attribute_count; i++) {
        const struct xml_attribute *a = &node->attributes[i];
        if (listed(allowed, a->name)) {
            continue;
        }
        const char *why = why_unsupported(unsupported_attributes, a->name);
        if (why != NULL) {
            diag_refuse(a->place, "attribute '%s' is not supported on '%s'; %s", a->name, node->name, why);
        }
        diag_refuse(a->place, "unknown attribute '%s' on '%s'; allowed: %s", a->name, node->name,
                    *allowed == '\0' ? "none" : allowed);
    }
}

void fields_bad_element(const struct xml_node *node, const char *allowed)
{
    const char *why = why_unsupported(unsupported_elements, node->name);
    if (why != NULL) {
        diag_refuse(node->place, "element '%s' is not supported; %s", node->name, why);
    }
    if (node->parent == NULL) {
        diag_refuse(node->place, "root element '%s'; it must be %s", node->name, allowed);
    }
    diag_refuse(node->place, "unknown element '%s' in '%s'; allowed: %s", node->name, node->parent->name,
                *allowed == '\0' ? "none" : allowed);
}

void fields_no_children(const struct xml_node *node)
{
    if (node->first_child != NULL) {
        fields_bad_element(node->first_child, "");
    }
}

const struct xml_attribute *fields_required(const struct xml_node *node, const char *name)
{
    const struct xml_attribute *a = xml_attribute(node, name);
    if (a == NULL) {
        diag_refuse(node->place, "missing attribute '%s' on '%s'", name, node->name);
    }
    if (*a->value == '\0') {
        diag_refuse(a->place, "empty attribute '%s' on '%s'", name, node->name);
    }
    return a;
}

const char *fields_name(const struct xml_node *node, const char *name)
{
    return fields_required(node, name)->value;
}

static int digit(char c, unsigned base)
{
    int value = -1;
    if (c >= '0' && c <= '9') {
        value = c - '0';
    } else if (c >= 'a' && c <= 'f') {
        value = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
        value = c - 'A' + 10;
    }
    return value < (int)base ? value : -1;
}

/* False: not a number, or more than 64 bits. */
static bool parse_number(const char *text, uint64_t *value)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    bool any = false;
    *value = 0;
    for (; *text != '\0'; text++) {
        if (*text == '_') {
            continue;
        }
        int d = digit(*text, base);
        if (d < 0 || *value > (UINT64_MAX - (uint64_t)d) / base) {
            return false;
        }
        *value = *value * base + (uint64_t)d;
        any = true;
    }
    return any;
}

/* Sizes and addresses, known by an upper bound made of pages, read better in hexadecimal. */
static const char *bounds(uint64_t least, uint64_t most)
{
    bool pages = most % MMU_PAGE_SIZE == 0;
    return diag_printf(pages ? "0x%lx to 0x%lx" : "%lu to %lu", least, most);
}

uint64_t fields_number(const struct xml_node *node, const char *name, uint64_t least, uint64_t most)
{
    const struct xml_attribute *a = fields_required(node, name);
    uint64_t value;
    if (!parse_number(a->value, &value)) {
        diag_refuse(a->place, "%s is not a number (%s); allowed: decimal, or hexadecimal after 0x, up to 64 bits", name,
                    a->value);
    }
    if (value < least || value > most) {
        diag_refuse(a->place, "%s is out of range (%s); allowed: %s", name, a->value, bounds(least, most));
    }
    return value;
}

uint64_t fields_number_or(const struct xml_node *node, const char *name, uint64_t least, uint64_t most,
                          uint64_t otherwise)
{
    return xml_attribute(node, name) == NULL ? otherwise : fields_number(node, name, least, most);
}

bool fields_bool_or(const struct xml_node *node, const char *name, bool otherwise)
{
    const struct xml_attribute *a = xml_attribute(node, name);
    if (a == NULL) {
        return otherwise;
    }
    if (strcmp(a->value, "true") != 0 && strcmp(a->value, "false") != 0) {
        diag_refuse(a->place, "%s is not a truth value (%s); allowed: true, false", name, a->value);
    }
    return strcmp(a->value, "true") == 0;
}

struct place fields_place(const struct xml_node *node, const char *name)
{
    const struct xml_attribute *a = xml_attribute(node, name);
    return a == NULL ? node->place : a->place;
}
