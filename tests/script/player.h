/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * player.h - play one script against a tcb in virtual time
 *
 * A script is a conversation, one event a line. A line may begin with a time: seconds since the
 * beginning, or since the line before with a plus sign; without one it happens at the same time.
 * '#' begins a comment.
 *
 *   open WORDS...      the connection is established: "mss 1000", "sack", "ts PEERS OURS",
 *                      "window N" (the peer's), "offered N" (ours, from the handshake),
 *                      "shift PEERS OURS", "iss N", "irs N", "buffer N" (received), "outbox N",
 *                      "memory N" (all buffers), "rtt N" (of the handshake, milliseconds), "near",
 *                      "ack-due", "answers" (are expected), "ecn", "settled" (the first ACKs,
 *                      which are never late, have been sent)
 *   < SEGMENT          a segment of the peer arrives; see notation.h; without "win" its window
 *                      is the one of "open"
 *   > SEGMENT          the endpoint sends exactly this, exactly now
 *   silent             it sends nothing now
 *   drop WORD          what became of the segment that arrived last: none, unacceptable, ...
 *   write N            the application of the endpoint writes; N is bytes
 *   read N [other]     it reads; the bytes are those of the stream (or those marked "other")
 *   unread N           so many bytes could be read
 *   finish, abort      it closes; it gives up
 *   probe              it asks whether the peer is still there
 *   advance DURATION   nothing is sent for so long; "40ms", "2s", "500us"
 *   state NAME         ESTABLISHED, FIN-WAIT-1, ...
 *   fault WORDS        as fault_name() has it: "closed", "reset by peer", ...
 *   ended yes|no       the peer's FIN was reached and everything read
 *   deadline T|none    when it wants to be asked again: in T seconds
 *   timer NAME T|none  when that timer runs out: rexmt, probe, persist, ack, wait
 *   cwnd N, ssthresh N, flight N, edge N, retransmits N, held N      figures; "edge" is the peer's
 *                      right edge, "held" the bytes of storage in use
 *   mss N              the path takes less from now on
 *   clock N            the real endpoint has shown this TSval
 *
 * Time passes only from line to line. Whatever the endpoint sends meanwhile must have been named:
 * a segment that no line expects fails the script, also at its end.
 */
#ifndef ATTLS_SCRIPT_PLAYER_H
#define ATTLS_SCRIPT_PLAYER_H

#include <stdbool.h>

/** player_run() - play the script in file @name; what fails is printed. Return: it passed */
bool player_run(const char *name);

#endif
