/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * signer.h - one thread's channel to the key process, and the handshakes that wait for it
 *
 * A handshake that needs a private key is suspended (base/fiber.h) until the answer has come; the
 * thread goes on with others meanwhile. Threads without a signer use the first channel and wait.
 */
#ifndef ATTLS_TLS_SIGNER_H
#define ATTLS_TLS_SIGNER_H

#include "base/fiber.h"
#include "base/list.h"
#include "keyring/remote.h"

struct signer {
	int fd; /* SOCK_SEQPACKET to the key process; borrowed */
	struct fibers fibers;
	struct list unsent;  /* requests that are to be sent */
	struct list waiting; /* requests that were sent, oldest first */
	struct list ready;   /* requests with an answer */
	struct list starved; /* handshakes that had no stack to begin on */
	size_t pending;      /* in all four */
	uint64_t last_id;
};

/* What one session has to do with a signer: embedded in it, zero at first. */
struct signing {
	struct signer *signer;
	struct fiber *fiber; /* suspended; NULL: not */
	struct list starved;
	void *waiter;     /* whom signer_next() names */
	bool is_answered; /* it can go on */
	bool is_starved;
	char *reason; /* owned: why there was no answer; NULL without a failure */
};

/**
 * signer_begin() - requests of this process go through channels from now on
 * @first_fd: for threads without a signer; they wait for an answer as long as its SO_RCVTIMEO says
 */
void signer_begin(int first_fd);

/** signer_end() - nothing is asked any more; all other threads have ended */
void signer_end(void);

/** signer_open() - @s serves the calling thread, through @fd */
void signer_open(struct signer *s, int fd);

/** signer_close() - release everything; no handshake waits any more */
void signer_close(struct signer *s);

/** signer_send() - send what was asked since the last time, as far as the channel has room */
void signer_send(struct signer *s);

/** signer_take() - read what answers have come, without waiting */
void signer_take(struct signer *s);

/** signer_next() - the waiter of a handshake that can go on now, each once; NULL: no more */
void *signer_next(struct signer *s);

/**
 * signing_run() - call @step with @arg, perhaps suspended, or let it go on
 * Return: false if it is suspended now, or could not begin: again when signer_next() says so.
 */
bool signing_run(struct signing *g, void (*step)(void *arg), void *arg);

/** signing_cancel() - have a suspended step fail, and run it to its end; release what @g holds */
void signing_cancel(struct signing *g);

#endif
