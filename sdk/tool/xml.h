/* tool/xml.h: an XML file as a tree in which every element and attribute knows its place. */
#ifndef TOOL_XML_H
#define TOOL_XML_H

#include "sdk/tool/diag.h"

struct xml_attribute {
    const char *name;
    const char *value;
    struct place place;
};

struct xml_node {
    const char *name;
    struct place place; /* of its `<` */
    struct xml_attribute *attributes;
    size_t attribute_count;
    struct xml_node *parent;
    struct xml_node *first_child;
    struct xml_node *last_child;
    struct xml_node *next;
};

/* Reads a whole file; gives its root element. Malformed XML and text between elements are refused. */
struct xml_node *xml_read(const char *path);

/* NULL where the node has no such attribute. */
const struct xml_attribute *xml_attribute(const struct xml_node *node, const char *name);

#endif
