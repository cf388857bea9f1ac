/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan.c - the packet filter rules that candidates come to, as text; no system call
 *
 * The plain side's packets are stolen in raw, before connection tracking; the wire side's in
 * mangle, after it. In host mode the plain side is OUTPUT and the wire side INPUT; in router mode
 * they are PREROUTING from the inside interface and FORWARD from outside to inside.
 */
#include "gateway/net/plan.h"

#include "gateway/net/plan_internal.h"

#include <stdarg.h>
#include <stdlib.h>

static const char *const table_names[] = {"mangle", "raw", "filter"};
_Static_assert(sizeof(table_names) / sizeof(table_names[0]) == PLAN_TABLES, "a name for each");

const char *plan_table_name(enum plan_table_id id)
{
	return table_names[id];
}

void plan_options_from(struct plan_options *o, const struct settings *s, unsigned workers)
{
	*o = (struct plan_options){
		.mode = s->mode,
		.inside = s->inside,
		.outside = s->outside,
		.workers = workers,
		.queue_base = s->queue_base,
		.mark = s->mark,
		.features = {true, true, true, true},
	};
}

void writer_chain(struct writer *w, const char *name)
{
	struct plan_table *t = w->table;

	t->chains = reallocarray(t->chains, t->chain_count + 1, sizeof(*t->chains));
	if (!t->chains)
		abort();
	t->chains[t->chain_count] = strdup(name);
	if (!t->chains[t->chain_count++])
		abort();
}

void writer_branch(struct writer *w, char *name)
{
	snprintf(name, WRITER_BRANCH, CHAIN_PREFIX "T%zu", w->table->branch_count++);
	writer_chain(w, name);
}

struct plan_hook *writer_hook(
	struct writer *w, const char *chain, const char *target, const char *fmt, ...)
{
	struct plan_table *t = w->table;
	struct plan_hook *h;
	va_list ap;

	if (t->hook_count == PLAN_HOOKS)
		abort(); /* a constant to raise, seen by the first unit test */
	h = &t->hooks[t->hook_count++];
	*h = (struct plan_hook){chain, target, false, ""};
	va_start(ap, fmt);
	vsnprintf(h->match, sizeof(h->match), fmt, ap);
	va_end(ap);
	return h;
}

const char *writer_icmp(const struct writer *w)
{
	return w->family == 4 ? "icmp" : "ipv6-icmp";
}

void writer_rule(struct writer *w, const char *chain, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(w->out, "-A %s", chain);
	vfprintf(w->out, fmt, ap);
	fputc('\n', w->out);
	va_end(ap);
	w->table->rule_count++;
}

void writer_candidate_rule(struct writer *w, const char *chain, const struct candidate *c,
	enum heading heading, const char *target)
{
	fprintf(w->out, "-A %s", chain);
	match_candidate(w->out, c, heading);
	fprintf(w->out, " -g %s\n", target);
	w->table->rule_count++;
}

void writer_original_rules(struct writer *w, const char *chain, const struct candidate *c,
	enum heading heading, const char *target)
{
	char text[MATCH_ORIGINAL_TEXT];
	struct addr at = {0};

	while (match_original(text, c, &at)) {
		fprintf(w->out, "-A %s", chain);
		match_local(w->out, c, heading);
		fprintf(w->out, "%s -g %s\n", text, target);
		w->table->rule_count++;
	}
}

void writer_loopback(struct writer *w, const char *chain, const char *target)
{
	bool any = false;

	for (const struct candidate *c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));) {
		if (match_any_local(c))
			continue;
		if (!any)
			writer_chain(w, CHAIN_LOOPBACK);
		any = true;
		fprintf(w->out, "-A " CHAIN_LOOPBACK);
		match_remote(w->out, c, WIRE_BOUND);
		fprintf(w->out, " -g %s\n", target);
		w->table->rule_count++;
	}
	if (any)
		writer_rule(w, chain, " -s %s -j " CHAIN_LOOPBACK,
			w->family == 4 ? "127.0.0.0/8" : "::1");
}

const struct candidate *writer_next(
	const struct writer *w, enum direction d, const struct candidate *c)
{
	const struct candidate *end = w->list->items + w->list->count;

	for (c = c ? c + 1 : w->list->items; c < end; c++)
		if (c->family == w->family && (c->direction & d))
			return c;
	return NULL;
}

/* The chain that gives a packet to the worker which its @port chooses: SYNs to a queue apart. */
static void dispatch_queues(struct writer *w, const char *chain, enum bpf_port port, unsigned plus)
{
	const struct plan_options *o = w->options;
	char program[BPF_TEXT];

	for (unsigned i = 0; i + 1 < o->workers; i++)
		writer_rule(w, chain, " -m bpf --bytecode \"%s\" -j NFQUEUE --queue-num %u",
			bpf_worker(program, w->family, port, o->workers, i),
			o->queue_base + 2 * i + plus);
	writer_rule(w, chain, " -j NFQUEUE --queue-num %u",
		o->queue_base + 2 * (o->workers - 1) + plus);
}

void writer_dispatch(struct writer *w, const char *except)
{
	static const struct {
		const char *data;
		const char *syn;
		enum bpf_port port;
	} kinds[] = {
		{CHAIN_SPORT, CHAIN_SPORT_SYN, BPF_SPORT},
		{CHAIN_DPORT, CHAIN_DPORT_SYN, BPF_DPORT},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		writer_chain(w, kinds[i].data);
		writer_chain(w, kinds[i].syn);
		if (except)
			writer_rule(w, kinds[i].data, "%s -j RETURN", except);
		writer_rule(w, kinds[i].data, " -p tcp --syn -j %s", kinds[i].syn);
		dispatch_queues(w, kinds[i].data, kinds[i].port, 0);
		dispatch_queues(w, kinds[i].syn, kinds[i].port, 1);
	}
}

/*
 * Errors about TCP go to worker 0, from any interface: for our own packets they arrive over lo.
 */
void writer_icmp_errors(struct writer *w, const char *chain)
{
	static const int types4[] = {3, 11, 12, 0}, types6[] = {1, 2, 3, 4, 0};
	const struct plan_options *o = w->options;

	for (const int *t = w->family == 4 ? types4 : types6; *t; t++)
		writer_rule(w, chain,
			" -p %s --%s-type %d -m bpf --bytecode \"%s\" -j NFQUEUE --queue-num %u",
			writer_icmp(w), w->family == 4 ? "icmp" : "icmpv6", *t,
			bpf_icmp_tcp(w->family), o->queue_base + 2 * o->workers);
}

/* The local port chooses the worker of outbound candidates, the remote port of inbound ones. */
void writer_steal_plain(struct writer *w)
{
	writer_chain(w, CHAIN_PLAIN);
	writer_candidates(w, CHAIN_PLAIN, DIRECTION_OUTBOUND, WIRE_BOUND, CHAIN_SPORT);
	writer_candidates(w, CHAIN_PLAIN, DIRECTION_INBOUND, WIRE_BOUND, CHAIN_DPORT);
}

const char *writer_fragment(const struct writer *w)
{
	if (w->family == 4)
		return w->fragment4;
	return w->options->features.frag ? " -p tcp -m frag" : NULL;
}

void writer_drop_fragments(struct writer *w)
{
	writer_chain(w, CHAIN_FRAGMENT);
	for (const struct candidate *c = NULL; (c = writer_next(w, DIRECTION_BOTH, c));) {
		fprintf(w->out, "-A " CHAIN_FRAGMENT);
		match_addresses(w->out, c);
		fputs(" -j DROP\n", w->out);
		w->table->rule_count++;
	}
}

static void writer_open(struct writer *w, struct plan *p, enum plan_table_id id, size_t *len)
{
	w->table = &p->tables[id];
	w->out = open_memstream(&w->table->rules, len);
	if (!w->out)
		abort(); /* out of memory before anything was begun */
}

void plan_build(struct plan *p, const struct plan_options *o, const struct candidate_list *list,
	uint8_t family)
{
	static void (*const tables[])(struct writer *) = {plan_mangle, plan_raw, plan_filter};
	struct writer w = {.options = o, .list = list, .family = family};

	*p = (struct plan){.family = family};
	if (!writer_next(&w, DIRECTION_BOTH, NULL))
		return;
	snprintf(w.fragment4, sizeof(w.fragment4), " -p tcp -m bpf --bytecode \"%s\"",
		bpf_fragment4());
	for (int id = 0; id < PLAN_TABLES; id++) {
		size_t len;

		writer_open(&w, p, id, &len);
		tables[id](&w);
		if (fclose(w.out) != 0)
			abort();
	}
}

size_t plan_rules(const struct plan *p)
{
	size_t n = 0;

	for (int id = 0; id < PLAN_TABLES; id++)
		n += p->tables[id].rule_count;
	return n;
}

void plan_free(struct plan *p)
{
	for (int id = 0; id < PLAN_TABLES; id++) {
		for (size_t i = 0; i < p->tables[id].chain_count; i++)
			free(p->tables[id].chains[i]);
		free(p->tables[id].chains);
		free(p->tables[id].rules);
	}
	*p = (struct plan){0};
}
