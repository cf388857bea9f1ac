/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_policy.c - libFuzzer target: a whole configuration as it lies on a disk
 *
 * Input: text that a line "=== PATH" cuts into files; what stands before the first is attls.ini.
 * The files make a directory with rules.d/ and keyring/, which is then loaded as the daemon does.
 * A line "%cert NAME" or "%key NAME" is replaced by a certificate or key that fits (ca, srv).
 * Held: what is loaded has no errors, what is not has one, and each is a line of readable text; the
 * same files give the same rules again; the rules print as INI that loads to the same rules.
 */
#include <ctype.h>
#include <ftw.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/flow/contexts.h"
#include "tests/fuzz/fuzz.h"
#include "unit/make_cert.h"

enum { FILES_MAX = 24, PATH_SIZE = 96, DEPTH_MAX = 4, FOLDER_SIZE = 32, RULES_MAX = 16 };

static char folder[FOLDER_SIZE];
static const char *const names[] = {"ca", "srv"};
static char *pem[2][2]; /* by name; certificate, key */

/* ---- the files ---- */

static char *pem_text(const struct cert *c, bool key)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes, *text;
	long len;

	if (key)
		held(PEM_write_bio_PrivateKey(out, c->key, NULL, NULL, 0, NULL, NULL), "key");
	else
		held(PEM_write_bio_X509(out, c->x509), "certificate");
	len = BIO_get_mem_data(out, &bytes);
	text = strndup(bytes, (size_t)len);
	BIO_free(out);
	return text;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type;
	return at->level > 0 ? remove(path) : 0;
}

static void empty_folder(void)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
	empty_folder();
	rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue wish = {
		.subject = "CN=db", .altnames = "DNS:db.example", .usage = ISSUE_HANDSHAKE};
	struct cert made[2];

	(void)argc, (void)argv;
	made[0] = make_cert("ca", &ca_wish, NULL);
	made[1] = make_cert("srv", &wish, &made[0]);
	for (int i = 0; i < 2; i++) {
		for (int key = 0; key < 2; key++)
			pem[i][key] = pem_text(&made[i], key);
		make_free(&made[i]);
	}
	snprintf(folder, sizeof(folder), "%s/attls-fuzz.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	held(mkdtemp(folder), "no folder");
	atexit(remove_folder);
	return 0;
}

/* Below the folder, and not out of it again. */
static bool is_inside(const char *path)
{
	unsigned depth = 1;

	if (*path == '/' || *path == '\0')
		return false;
	for (const char *c = path; *c; c++)
		depth += *c == '/';
	return depth <= DEPTH_MAX && !strstr(path, "..") && !strstr(path, "//");
}

/* Open @name below the folder for writing, with the folders it lies in; NULL if that cannot be. */
static FILE *open_file(struct span name)
{
	char path[FOLDER_SIZE + PATH_SIZE + 1], *inside;
	FILE *out;

	if (name.len >= PATH_SIZE || memchr(name.ptr, 0, name.len))
		return NULL;
	snprintf(path, sizeof(path), "%s/%.*s", folder, (int)name.len, (const char *)name.ptr);
	inside = path + strlen(folder) + 1;
	if (!is_inside(inside))
		return NULL;
	for (char *slash = strchr(inside, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	out = fopen(path, "we");
	if (out)
		fchmod(fileno(out), strstr(inside, ".key") ? 0600 : 0644);
	return out;
}

static bool starts(struct span line, const char *with)
{
	return line.len > strlen(with) && memcmp(line.ptr, with, strlen(with)) == 0;
}

static void write_line(FILE *out, struct span line)
{
	for (int i = 0; i < 2; i++)
		for (int key = 0; key < 2; key++) {
			char word[16];

			snprintf(word, sizeof(word), "%%%s %s", key ? "key" : "cert", names[i]);
			if (starts(line, word)) {
				fputs(pem[i][key], out);
				return;
			}
		}
	fwrite(line.ptr, 1, line.len, out);
}

static struct span next_line(struct span *text)
{
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	struct span line = end ? span_head(*text, (size_t)(end - text->ptr) + 1) : *text;

	*text = span_skip(*text, line.len);
	return line;
}

static void write_files(struct span text)
{
	FILE *out = open_file(span_of("attls.ini", 9));
	unsigned files = 1;

	while (text.len) {
		struct span line = next_line(&text);

		if (starts(line, "=== ")) {
			if (out)
				fclose(out);
			line = span_skip(line, 4);
			if (line.ptr[line.len - 1] == '\n')
				line.len--;
			out = line.len && files++ < FILES_MAX ? open_file(line) : NULL;
		} else if (out) {
			write_line(out, line);
		}
	}
	if (out)
		fclose(out);
}

/* ---- what is made of them ---- */

static char *below(const char *name)
{
	char *path = NULL;

	held(asprintf(&path, "%s/%s", folder, name) > 0, "no memory");
	return path;
}

/* Each sentence is one line that a person can read, however strange the file. */
static void check_sentences(const struct err_list *err)
{
	for (size_t i = 0; i < err->count; i++) {
		held(err->lines[i][0] != '\0', "an empty sentence");
		for (const char *c = err->lines[i]; *c; c++)
			held(!iscntrl((unsigned char)*c), "a control character: %s", err->lines[i]);
	}
}

static struct settings *load_settings(void)
{
	char *path = below("attls.ini");
	struct settings *s;
	struct err_list err;

	err_init(&err);
	s = settings_load(path, &err);
	held((s != NULL) != err_any(&err), "settings");
	check_sentences(&err);
	err_fini(&err);
	free(path);
	if (!s)
		return NULL;
	free(s->rules);
	free(s->keyring);
	s->rules = below("rules.d");
	s->keyring = below("keyring");
	return s;
}

static struct snapshot *load_snapshot(const struct settings *settings)
{
	struct err_list err;
	struct snapshot *s;

	err_init(&err);
	s = snapshot_load(settings, NULL, &err);
	held((s != NULL) != err_any(&err), "snapshot");
	check_sentences(&err);
	err_fini(&err);
	return s;
}

static char *printed(const struct policy *p)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	held(out, "no memory");
	policy_print(p, out);
	fclose(out);
	return text;
}

/* What is printed takes the place of all files, and must mean the same. */
static void check_printed(const struct settings *settings, const char *text)
{
	struct err_list err;
	struct policy *p;
	char *second;
	FILE *out;

	empty_folder();
	out = open_file(span_of("rules.d/printed.ini", 19));
	held(out && fputs(text, out) >= 0, "cannot write");
	fclose(out);
	err_init(&err);
	p = policy_load(settings->rules, &err);
	held(p, "what was printed is not accepted: %s", err.count ? err.lines[0] : "");
	second = printed(p);
	held(strcmp(text, second) == 0, "what was printed means something else");
	free(second);
	policy_put(p);
	err_fini(&err);
}

/* The context of each action, as the first connection would make it. */
static void check_contexts(struct snapshot *s)
{
	struct contexts contexts = {0};
	struct owner nobody = {0};

	for (size_t i = 0; i < s->policy->action_count; i++) {
		const struct action *a = s->policy->actions[i];
		struct context *c;
		char why[256] = "";

		if (a->mode != ACTION_TLS)
			continue;
		c = contexts_get(&contexts, s, a, &nobody, why, sizeof(why));
		held((c != NULL) == (why[0] == '\0'), "[action %s]: %s", a->name, why);
		context_put(c);
	}
	contexts_clear(&contexts);
}

static void check_load(const struct settings *settings)
{
	struct snapshot *s = load_snapshot(settings), *again = load_snapshot(settings);
	char *text, *text_again;

	held((s != NULL) == (again != NULL), "loads only once");
	if (s) {
		text = printed(s->policy);
		text_again = printed(again->policy);
		held(strcmp(text, text_again) == 0, "loads differently");
		if (s->policy->action_count < RULES_MAX)
			check_contexts(s);
		check_printed(settings, text);
		free(text);
		free(text_again);
	}
	snapshot_put(s);
	snapshot_put(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings;

	empty_folder();
	write_files(span_of(data, size));
	settings = load_settings();
	if (settings)
		check_load(settings);
	settings_free(settings);
	return 0;
}
