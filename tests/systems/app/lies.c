/* lies.c: the lying application's rings and share (liar.c), and what noise picks: messages that cannot be, or nearly
 * could, heads with line ends in them, records, floods, indices that jump.
 */
#include "lib/pd.h"

#include <string.h>

#include "lib/log.h"
#include "tests/systems/app/lies.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct liar liar_self;

static struct {
    uint32_t tail, head; /* ours, of the rings to the front and from it */
    uint16_t life;
    uint64_t noise;
    bool put;
} self = {.noise = 88172645463325252u};

uint64_t liar_noise(void)
{
    self.noise ^= self.noise << 13;
    self.noise ^= self.noise >> 7;
    self.noise ^= self.noise << 17;
    return self.noise >> 8;
}

static uint32_t below(uint32_t end)
{
    return (uint32_t)(liar_noise() % end);
}

/* -- the rings, the share -- */

static uint32_t load(const uint32_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *at, uint32_t value)
{
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

void liar_put(const struct app_message *message)
{
    struct ring_shared *to = app_config.to.shared;
    if (self.tail - load(&to->head) < APP_QUEUE_CAPACITY) {
        memcpy(to->elements + self.tail % APP_QUEUE_CAPACITY * sizeof(*message), message, sizeof(*message));
        store(&to->tail, ++self.tail);
        self.put = true;
    }
}

void liar_flush(void)
{
    if (self.put) {
        self.put = false;
        microkit_notify(app_config.peer);
    }
}

/* Armed before it looks: what comes then is told. */
void liar_receive(void (*handler)(const struct app_message *message))
{
    struct ring_shared *from = app_config.from.shared;
    store(&from->consumer_armed, 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint32_t left = 2 * APP_QUEUE_CAPACITY; left > 0 && load(&from->tail) != self.head; left--) {
        struct app_message message;
        memcpy(&message, from->elements + self.head % APP_QUEUE_CAPACITY * sizeof(message), sizeof(message));
        store(&from->head, ++self.head);
        handler(&message);
    }
    if (from->producer_armed) {
        from->producer_armed = 0;
        self.put = true;
    }
}

struct app_message liar_about(const struct app_liar_request *request, enum app_message_type type)
{
    return (struct app_message){.type = (uint8_t)type, .slot = request->slot, .serial = request->serial};
}

uint32_t liar_circle(const struct app_liar_request *request)
{
    return APP_CONTROL_SIZE + request->slot * LIAR_CIRCLE;
}

void liar_write(uint32_t offset, const void *bytes, uint32_t count)
{
    void *at = region_at(&app_config.out, offset, count);
    if (at) {
        memcpy(at, bytes, count);
    }
}

static struct app_message of_control(enum app_message_type type)
{
    return (struct app_message){.type = (uint8_t)type, .slot = APP_CONTROL, .produced = liar_self.control_produced};
}

void liar_record(const void *bytes, uint32_t count)
{
    uint8_t *circle = app_config.out.base;
    for (uint32_t done = 0, part; done < count; done += part) {
        uint32_t at = liar_self.control_produced % APP_CONTROL_SIZE;
        part = APP_CONTROL_SIZE - at < count - done ? APP_CONTROL_SIZE - at : count - done;
        memcpy(circle + at, (const uint8_t *)bytes + done, part);
        liar_self.control_produced += part;
    }
    struct app_message message = of_control(APP_BODY);
    liar_put(&message);
}

/* Our life, and the front's that we know. */
static void attach(void)
{
    struct ring_shared *to = app_config.to.shared, *from = app_config.from.shared;
    self.life++;
    self.tail = load(&to->head);
    self.head = load(&from->tail);
    store(&to->tail, self.tail);
    store(&from->head, self.head);
    store(&to->producer_generation, to->consumer_generation << 16 | self.life);
    store(&from->consumer_generation, from->producer_generation << 16 | self.life);
    store(&from->consumer_armed, 1);
    microkit_notify(app_config.peer);
}

/* Twice: the front's indices may be lies by now, and at the first it says them anew. It is above this program, so it
 * has heard of it when the call returns. */
void liar_start_anew(void)
{
    attach();
    attach();
    liar_self = (struct liar){.control_produced = 0};
    struct app_message open = of_control(APP_ANSWER);
    open.size = APP_CONTROL_SIZE;
    open.length = APP_UNKNOWN;
    liar_put(&open);
}

/* -- lies -- */

void liar_set_index(uint32_t which, uint32_t value)
{
    struct ring_shared *to = app_config.to.shared, *from = app_config.from.shared;
    uint32_t *const words[] = {
        &to->tail,
        &to->head,
        &to->consumer_armed,
        &to->producer_armed,
        &from->head,
        &from->tail,
        &from->consumer_armed,
        &from->producer_armed,
        &to->producer_generation,
        &to->consumer_generation,
        &from->consumer_generation,
        &from->producer_generation,
    };
    *words[which % COUNT(words)] = value;
    self.put = true;
}

void liar_spoil_the_share(uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        uint64_t word = liar_noise();
        liar_write((uint32_t)(liar_noise() % (app_config.out.size - sizeof(word))), &word, sizeof(word));
    }
}

static uint32_t number(void)
{
    return (uint32_t)(liar_noise() >> below(40));
}

static const struct app_liar_request *someone(void)
{
    return &liar_self.requests[below(APP_SLOTS)];
}

/* Of somebody's slot, with some numbers that cannot be. */
static struct app_message nearly(const struct app_liar_request *request)
{
    static const uint8_t types[] = {APP_ANSWER, APP_ANSWER, APP_BODY, APP_BODY, APP_TAKEN, APP_FAILED, APP_DONE, 0};
    struct app_message message = liar_about(request, types[below(COUNT(types))]);
    message.flags = (uint8_t)below(8);
    message.offset = below(4) ? liar_circle(request) : number();
    message.size = below(4) ? LIAR_CIRCLE : number();
    message.head = (uint16_t)(below(2) ? sizeof(struct app_answer_head) : number());
    message.produced = below(2) ? message.head + below(LIAR_CIRCLE) : number();
    message.length = below(2) ? below(LIAR_CIRCLE) : below(2) ? APP_UNKNOWN : number();
    message.serial += below(8) ? 0 : number();
    message.status = (uint16_t)number();
    return message;
}

/* A head with line ends where they must not be; how long it is. `injected` must never be a field's name at a client. */
static uint32_t bad_head(uint32_t at)
{
    static const char *const texts[] = {"OK\r\nInjected: yes",
                                        "X-A\r\nInjected: yes\r\nX-B",
                                        "a\r\nInjected: yes",
                                        "b\r\n\r\nInjected: yes",
                                        "c\nInjected: yes",
                                        "d\rInjected: yes",
                                        "Content-Length",
                                        "Transfer-Encoding",
                                        "chunked",
                                        "7",
                                        "X-Good",
                                        "X-Space "};
    static const uint16_t statuses[] = {0, 99, 100, 101, 199, 200, 200, 204, 304, 500, 599, 600, 65535};
    struct app_answer_head head = {.status = statuses[below(COUNT(statuses))], .field_count = (uint16_t)below(6)};
    uint32_t end = at + sizeof(head);
    if (below(4) == 0) {
        const char *reason = texts[below(COUNT(texts))];
        head.reason_length = (uint16_t)strlen(reason);
        liar_write(end, reason, head.reason_length);
        end += head.reason_length;
    }
    for (uint32_t i = 0; i < head.field_count; i++) {
        const char *name = texts[below(COUNT(texts))], *value = texts[below(COUNT(texts))];
        struct app_field field = {(uint16_t)strlen(name), (uint16_t)strlen(value)};
        liar_write(end, &field, sizeof(field));
        liar_write(end + sizeof(field), name, field.name_length);
        liar_write(end + sizeof(field) + field.name_length, value, field.value_length);
        end += sizeof(field) + field.name_length + field.value_length;
    }
    head.field_count += (uint16_t)(below(8) ? 0 : number());
    head.path_length = (uint16_t)(below(8) ? 0 : number());
    liar_write(at, &head, sizeof(head));
    return end - at;
}

static void lie_in_the_head(const struct app_liar_request *request)
{
    struct app_message message = liar_about(request, APP_ANSWER);
    message.offset = liar_circle(request);
    message.size = LIAR_CIRCLE;
    message.head = (uint16_t)bad_head(message.offset);
    message.produced = message.head + below(100);
    message.length = below(2) ? message.produced - message.head : below(200);
    message.flags = (uint8_t)below(2);
    liar_put(&message);
}

static void lie_in_a_message(const struct app_liar_request *request)
{
    struct app_message message = nearly(request);
    for (uint32_t i = below(4) ? 1 : 2; i > 0; i--) {
        liar_put(&message);
    }
}

void liar_flood(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[4] = {liar_noise(), liar_noise(), liar_noise(), liar_noise()};
        struct app_message message;
        memcpy(&message, words, sizeof(message));
        if (below(2)) {
            message = nearly(someone());
        }
        liar_put(&message);
        if (i % APP_QUEUE_CAPACITY == APP_QUEUE_CAPACITY - 1) {
            liar_flush();
        }
    }
}

static void lie_in_a_record(void)
{
    struct app_record record = {.type = below(6), .length = below(4) ? below(64) : number()};
    uint64_t noise[8] = {liar_noise(), liar_noise(), liar_noise(), liar_noise(), liar_noise(), liar_noise()};
    liar_record(&record, sizeof(record));
    liar_record(noise, record.length < sizeof(noise) ? record.length : sizeof(noise));
}

/* Before the words the circle is filled up to a multiple of their size. The front is above this program: when
 * liar_flush() returns it has taken that. */
static void align_control(uint32_t bytes)
{
    struct app_record record = {.type = APP_CHANGED};
    record.length = 2 * bytes - sizeof(record) - liar_self.control_produced % bytes;
    liar_record(&record, sizeof(record));
    liar_record("/what/goes/before/those/words", record.length);
    liar_flush();
}

void liar_say_folders(void)
{
    struct {
        struct app_record record;
        char path[8];
    } word = {.record = {.type = APP_CHANGED_BELOW, .length = sizeof(word.path)}};
    uint8_t *circle = app_config.out.base;
    const struct ring_shared *to = app_config.to.shared;
    align_control(sizeof(word));
    for (uint32_t i = 0; i < APP_CONTROL_SIZE / sizeof(word); i++) {
        log_format(word.path, sizeof(word.path), "/%u/x", i);
        memcpy(circle + i * sizeof(word), &word, sizeof(word));
    }
    while (self.tail - load(&to->head) < APP_QUEUE_CAPACITY - 1) {
        liar_self.control_produced += APP_CONTROL_SIZE;
        struct app_message message = of_control(APP_BODY);
        liar_put(&message);
    }
}

/* What is read at a time when it is written: the front is above this program, so between two of its events. */
static void change_heads(void)
{
    for (uint32_t i = 0; i < APP_SLOTS; i++) {
        bad_head(liar_circle(&liar_self.requests[i]));
    }
}

void liar_lie(void)
{
    switch (below(10)) {
    case 0: liar_flood(2 * APP_QUEUE_CAPACITY); break;
    case 1: liar_set_index(below(12), (uint32_t)liar_noise()); break;
    case 2: liar_spoil_the_share(512); break;
    case 3: lie_in_a_record(); break;
    case 4: change_heads(); break;
    case 5:
    case 6: lie_in_the_head(someone()); break;
    default: lie_in_a_message(someone()); break;
    }
}

void liar_lie_about(struct app_liar_request *request)
{
    uint32_t count = 1 + below(3);
    for (uint32_t i = 0; i < count; i++) {
        if (below(2)) {
            lie_in_the_head(request);
        } else {
            lie_in_a_message(request);
        }
    }
}
