/* tool/fields.h: one XML attribute as a number, a name, a truth value; what an element may have and what not. */
#ifndef TOOL_FIELDS_H
#define TOOL_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/tool/xml.h"

/* `allowed`: names parted by spaces. Known names of what this SDK does not have are refused as such. */
void fields_attributes(const struct xml_node *node, const char *allowed);
_Noreturn void fields_bad_element(const struct xml_node *node, const char *allowed);
void fields_no_children(const struct xml_node *node);

/* The attribute must be there and not be empty. */
const struct xml_attribute *fields_required(const struct xml_node *node, const char *name);
const char *fields_name(const struct xml_node *node, const char *name);

/* Decimal or 0x hexadecimal, `_` anywhere between digits; refused below `least` or above `most`. */
uint64_t fields_number(const struct xml_node *node, const char *name, uint64_t least, uint64_t most);
uint64_t fields_number_or(const struct xml_node *node, const char *name, uint64_t least, uint64_t most,
                          uint64_t otherwise);

bool fields_bool_or(const struct xml_node *node, const char *name, bool otherwise);

/* The attribute's place, or the node's where there is none. */
struct place fields_place(const struct xml_node *node, const char *name);

#endif
