/* http/site/head.h: a resource's response head, made once for all who ask for it. For try_files.c; mounts.c asks what it takes. */
#ifndef HTTP_SITE_HEAD_H
#define HTTP_SITE_HEAD_H

#include "http/site/site.h"
#include "http/site/types.h"

/* What may lie beside a file in its place. */
struct site_coding {
    uint8_t bit;        /* HTTP_CODING_.. */
    const char *ending; /* of its name */
    const char *field;  /* line of the head */
    const char *suffix; /* of its entity tag: another representation has another tag */
};

/* What the mount's rules say of it: rules.h. */
static inline struct http_slice site_says(const struct site_policy *policy, enum site_rule rule, struct http_slice path)
{
    bool may = policy->rule_kinds & 1u << rule;
    return may ? site_rule(policy->rules, rule, path) : (struct http_slice){NULL, 0};
}

/* The type of the file with this path, from the mount's folder on. */
struct http_type site_type_of(const struct site_policy *policy, struct http_slice path);

/* Into `text`, of SITE_HEAD_MAX bytes. resource->file is set. coding: NULL, the file as it is. */
void site_head_prepare(char *text, struct site_resource *resource, const struct site_policy *policy,
                       struct http_slice path, const struct site_coding *coding);

/* May heads be made of it: field lines are field lines, rules are rules, and all fits? */
bool site_head_takes(const struct site_policy *policy);

#endif
