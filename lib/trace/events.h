/* lib/trace/events.h: every event there is, once: the programs have the numbers from here, compose/trace.py reads the
 * rest for whoever shows them.
 *
 *   X(name, kind, family, first word, second word)
 *
 * kind     BEGIN    until END, in the same PD: a stretch of its time. They nest
 *          END      ends the stretch that began last
 *          INSTANT
 *          OPEN     until CLOSE of the same family with the same first word, in the same PD: something under way there
 *          CLOSE
 *          TEXT     both words are up to 16 characters
 * family   events of one family with the same first word are about the same thing, in whatever PD; NONE: about nothing
 * words    what they are called; CHANNEL and CHILD get the peer's name, OBJECT (an address) a small number, _ is nothing.
 *          One that is called as an enum (compose/trace.py: ENUMS) gets its enumerator's name
 */
#ifndef LIB_TRACE_EVENTS_H
#define LIB_TRACE_EVENTS_H

#define TRACE_EVENTS(X)                                                         \
    /* every PD */                                                              \
    X(init, BEGIN, NONE, start, _)                                              \
    X(notified, BEGIN, NONE, CHANNEL, _)                                        \
    X(protected, BEGIN, NONE, CHANNEL, label)                                   \
    X(fault, BEGIN, NONE, CHILD, label)                                         \
    X(call, BEGIN, NONE, CHANNEL, label)                                        \
    X(end, END, NONE, label, _)                                                 \
    X(notify, INSTANT, NONE, CHANNEL, deferred)                                 \
    X(died, TEXT, NONE, _, _)                                                   \
    X(fiber, BEGIN, NONE, _, _)                                                 \
    /* network: a frame by the cookie that net_virt_tx gives it */              \
    X(nic_received, INSTANT, NONE, bytes, slot)                                 \
    X(nic_send, INSTANT, frame, cookie, pieces)                                 \
    X(nic_sent, INSTANT, frame, cookie, slot)                                   \
    X(frame_in, INSTANT, NONE, CHANNEL, bytes)                                  \
    X(frame_dropped, INSTANT, NONE, CHANNEL, bytes)                             \
    X(frame_out, OPEN, frame, cookie, CHANNEL)                                  \
    X(frame_gone, CLOSE, frame, cookie, CHANNEL)                                \
    /* files: a command by its id */                                            \
    X(file_asked, OPEN, file, id, fs_command_type)                              \
    X(file_taken, OPEN, file, id, fs_command_type)                              \
    X(file_done, CLOSE, file, id, fs_status)                                    \
    X(file_answered, CLOSE, file, id, fs_status)                                \
    X(nfs_called, OPEN, nfs, OBJECT, _)                                         \
    X(nfs_replied, CLOSE, nfs, OBJECT, status)                                  \
    /* the web: a request by its connection, the application's by its serial */ \
    X(http_accepted, INSTANT, NONE, OBJECT, port)                               \
    X(http_request, OPEN, request, OBJECT, http_method)                         \
    X(http_target, TEXT, NONE, _, _)                                            \
    X(http_file, INSTANT, NONE, OBJECT, bytes)                                  \
    X(http_page, INSTANT, NONE, OBJECT, status)                                 \
    X(http_answered, CLOSE, request, OBJECT, unacknowledged)                    \
    X(http_gone, CLOSE, request, OBJECT, state)                                 \
    X(cache_revalidate, INSTANT, NONE, OBJECT, cache_question)                  \
    X(cache_hit, INSTANT, NONE, OBJECT, offset)                                 \
    X(cache_miss, INSTANT, NONE, OBJECT, offset)                                \
    X(app_request, OPEN, app, OBJECT, OBJECT)                                   \
    X(app_answers, INSTANT, NONE, OBJECT, status)                               \
    X(app_closed, CLOSE, app, OBJECT, stage)                                    \
    X(python_accepted, OPEN, python, OBJECT, _)                                 \
    X(python_closed, CLOSE, python, OBJECT, failed)

#endif
