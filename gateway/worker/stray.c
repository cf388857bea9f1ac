/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stray.c - a packet that comes to one worker while another has its flow */
#include "gateway/worker/stray.h"

#include "gateway/worker/drive.h"
#include "gateway/worker/mail.h"
#include "gateway/worker/now.h"

#include <stdlib.h>
#include <string.h>

struct stray {
	struct list node; /* in worker->strays */
	enum side side;
	enum checksum_state checksum;
	size_t len;
	uint8_t bytes[];
};

/* The hash of bpf_worker(). */
static unsigned chosen(uint16_t port, unsigned workers)
{
	return (port * 2654435761u >> 16) % workers;
}

struct worker *stray_elsewhere(const struct worker *w, const struct arrival *a)
{
	unsigned workers = w->config->workers;
	unsigned src = chosen(a->seg.src.port, workers), dst = chosen(a->seg.dst.port, workers);
	unsigned other = src == w->number ? dst : src;

	return other == w->number ? NULL : &w->all[other];
}

static struct stray *copy(const struct packet *p, enum side side)
{
	struct stray *s = malloc(sizeof(*s) + p->len);

	if (!s)
		return NULL;
	*s = (struct stray){.side = side, .checksum = p->checksum, .len = p->len};
	memcpy(s->bytes, p->bytes, p->len);
	return s;
}

void stray_carry(struct worker *w, const struct packet *p, const struct arrival *a)
{
	struct worker *to = stray_elsewhere(w, a);
	struct stray *s = to ? copy(p, a->side) : NULL;

	if (s && mail_carry(to, &s->node))
		w->counts[WORKER_CARRIED]++;
	else
		free(s);
}

static void take(struct worker *w, const struct stray *s, usec_t now)
{
	struct arrival a = {.side = s->side, .carried = true};
	enum drop why = segment_decode(&a.seg, span_of(s->bytes, s->len), s->checksum);
	enum verdict verdict;
	struct flow *f;

	if (why != DROP_NONE) {
		w->intake.drops[why]++;
		return;
	}
	verdict = intake_decide(&w->intake, &a, now, &f);
	if (verdict == VERDICT_STEAL && f->state != FLOW_DEAD)
		w->intake.drops[flow_input(f, a.side, &a.seg, now)]++;
	/* what would go on, of a handshake, is lost here; its sender repeats it */
	if (f && f->state != FLOW_DEAD)
		drive_later(w, f);
}

void stray_serve(struct worker *w)
{
	usec_t now = now_monotonic();
	struct list *node;

	while ((node = mail_carried(w))) {
		struct stray *s = list_entry(node, struct stray, node);

		take(w, s, now);
		free(s);
	}
}

void stray_free(struct worker *w)
{
	struct list *node;

	while ((node = mail_carried(w)))
		free(list_entry(node, struct stray, node));
}
