/*
 * The load of the benchmarks: a number of clients, each of which asks for one
 * review after the other and waits for it.
 *
 *     load --port N --path URI --body FILE [--body FILE ...] [options]
 *
 *     --clients N     reviews at once (80)
 *     --reviews N     reviews in all (8000)
 *     --seconds N     end after so long, whatever is under way (never)
 *     --rate N        start so many a second at most (as fast as they end)
 *     --ramp MS       the first reviews of all clients start over so long (0)
 *     --pause MS      what a client waits after a bad review (0)
 *     --expect TEXT   what a good reply contains
 *     --header LINE   a header field to be sent
 *     --log FILE      a line for each review: when it ended, how long it
 *                     took, both in milliseconds, and 1 if it was good
 *
 * Several bodies are the calls of one review, sent at once on connections of
 * their own: a plain proxy's client has to do that.  "@@@@@@@@" in a body is
 * replaced by the review's number, so that no two are alike.
 *
 * Prints one line of JSON: reviews, bad ones, seconds, and the percentiles of
 * a review's time in milliseconds.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define MAX_CALLS  256
#define MARK       "@@@@@@@@"


typedef struct {
    char            *data;          /* head and body */
    size_t           len;
    char            *mark;          /* the review's number; NULL if none */
} request_t;


typedef struct client_s  client_t;

typedef struct {
    client_t        *client;
    request_t       *request;
    char            *out;           /* a copy with its number in place */
    size_t           sent;
    int              fd;
    int              busy;

    char            *in;            /* the reply so far */
    size_t           got;
    size_t           size;
    size_t           body;          /* where its body begins; 0: not yet */
    size_t           scanned;       /* chunked: up to here */
    long             length;        /* -1: chunked */
    int              last;          /* the server closes the connection */
} call_t;

struct client_s {
    call_t          *calls;
    int              pending;
    int              bad;
    double           started;
    double           due;           /* when its next review is */
};

typedef struct {
    double           ended;         /* since the load began */
    double           took;
    int              good;
} review_t;


static struct {
    int              port;
    int              clients;
    long             reviews;
    double           seconds;
    double           rate;
    double           ramp;
    double           pause;
    const char      *path;
    const char      *expect;
    const char      *log;
    char             headers[4096];
    request_t        requests[MAX_CALLS];
    int              calls;
} conf = { .clients = 80, .reviews = 8000, .path = "/", .headers = "" };

static int       ep;
static double    begun;
static long      started, finished, bad, room;
static review_t *reviews;


static void
die(const char *what)
{
    perror(what);
    exit(2);
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000.0 + ts.tv_nsec / 1e6;
}


static void
read_request(request_t *request, const char *name)
{
    FILE   *f;
    char   *body;
    long    size;
    int     head;

    f = fopen(name, "r");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
        die(name);
    }

    rewind(f);
    request->data = malloc(size + 8192);
    body = malloc(size + 1);
    if (request->data == NULL || body == NULL
        || fread(body, 1, size, f) != (size_t) size)
    {
        die(name);
    }

    fclose(f);

    head = snprintf(request->data, 8192,
                    "POST %s HTTP/1.1\r\nHost: bench\r\n%s"
                    "Content-Type: application/json\r\n"
                    "Content-Length: %ld\r\n\r\n",
                    conf.path, conf.headers, size);
    memcpy(request->data + head, body, size);
    free(body);

    request->len = head + size;
    request->mark = memmem(request->data, request->len, MARK, strlen(MARK));
}


static void
watch(call_t *call, int op, uint32_t events)
{
    struct epoll_event  ev = { .events = events, .data.ptr = call };

    if (epoll_ctl(ep, op, call->fd, &ev) != 0) {
        die("epoll_ctl");
    }
}


static void
call_connect(call_t *call)
{
    int                 one = 1;
    struct sockaddr_in  sin = { .sin_family = AF_INET };

    sin.sin_port = htons(conf.port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    call->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (call->fd < 0
        || connect(call->fd, (struct sockaddr *) &sin, sizeof(sin)) != 0)
    {
        die("connect");
    }

    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fcntl(call->fd, F_SETFL, O_NONBLOCK);
    watch(call, EPOLL_CTL_ADD, EPOLLIN);
}


static void
call_write(call_t *call)
{
    ssize_t  n;

    while (call->sent < call->request->len) {
        n = write(call->fd, call->out + call->sent,
                  call->request->len - call->sent);
        if (n <= 0) {
            /* what the socket doesn't take waits; an error is read */
            watch(call, EPOLL_CTL_MOD, EPOLLIN
                  | (n < 0 && errno == EAGAIN ? EPOLLOUT : 0));
            return;
        }

        call->sent += n;
    }
}


static void
call_start(call_t *call, long number)
{
    char        digits[16];
    request_t  *request;

    request = call->request;

    if (request->mark) {
        snprintf(digits, sizeof(digits), "%08ld", number % 100000000);
        memcpy(call->out + (request->mark - request->data), digits,
               strlen(MARK));
    }

    call->busy = 1;
    call->sent = 0;
    call->got = 0;
    call->body = 0;
    call->length = 0;
    call_write(call);
}


static void
client_start(client_t *client)
{
    int   i;
    long  number;

    number = started++;
    client->pending = conf.calls;
    client->bad = 0;
    client->started = now();

    for (i = 0; i < conf.calls; i++) {
        call_start(&client->calls[i], number);
    }
}


static void
client_next(client_t *client)
{
    if (started < conf.reviews && conf.rate == 0 && client->due <= now()) {
        client_start(client);
    }
}


static void
record(client_t *client)
{
    review_t  *review;

    if (finished == room) {
        room = room ? room * 2 : 8192;
        reviews = realloc(reviews, room * sizeof(review_t));
        if (reviews == NULL) {
            die("realloc");
        }
    }

    review = &reviews[finished++];
    review->ended = now() - begun;
    review->took = now() - client->started;
    review->good = !client->bad;

    bad += client->bad;
}


static void
call_done(call_t *call, int good)
{
    client_t  *client;

    client = call->client;
    call->busy = 0;

    client->bad |= !good;

    if (!good || call->last) {
        close(call->fd);
        call_connect(call);
    }

    if (--client->pending == 0) {
        record(client);
        client->due = client->bad ? now() + conf.pause : 0;
        client_next(client);
    }
}


/* the head: where the body begins, and how its end is known */

static void
parse_head(call_t *call)
{
    char  *end, *p;

    end = memmem(call->in, call->got, "\r\n\r\n", 4);
    if (end == NULL) {
        return;
    }

    call->body = end + 4 - call->in;
    call->scanned = call->body;
    *end = '\0';
    p = strcasestr(call->in, "\r\nContent-Length:");
    call->length = p ? atol(p + 17) : -1;
    call->last = strcasestr(call->in, "\r\nConnection: close") != NULL;
    *end = '\r';
}


/* goes over whole chunks; 1 past the last one */

static int
chunks_complete(call_t *call)
{
    char  *eol;
    long   size;

    for ( ;; ) {
        eol = memmem(call->in + call->scanned, call->got - call->scanned,
                     "\r\n", 2);
        if (eol == NULL) {
            return 0;
        }

        size = strtol(call->in + call->scanned, NULL, 16);
        if (eol + 2 + size + 2 > call->in + call->got) {
            return 0;
        }

        call->scanned = eol + 2 + size + 2 - call->in;

        if (size == 0) {
            return 1;
        }
    }
}


static int
reply_complete(call_t *call)
{
    if (call->body == 0) {
        parse_head(call);
    }

    if (call->body == 0) {
        return 0;
    }

    return call->length < 0 ? chunks_complete(call)
                            : call->got >= call->body + call->length;
}


static int
reply_good(call_t *call)
{
    return strncmp(call->in, "HTTP/1.1 200", 12) == 0
           && (conf.expect == NULL
               || memmem(call->in, call->got, conf.expect,
                         strlen(conf.expect)));
}


static void
call_read(call_t *call)
{
    ssize_t  n;

    if (call->size - call->got < 16384) {
        call->size = call->size ? call->size * 2 : 65536;
        call->in = realloc(call->in, call->size + 1);
        if (call->in == NULL) {
            die("realloc");
        }
    }

    n = read(call->fd, call->in + call->got, call->size - call->got);

    if (n < 0 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        if (call->busy) {
            call_done(call, 0);
            return;
        }

        /* a keepalive connection that the server has closed */

        close(call->fd);
        call_connect(call);
        return;
    }

    call->got += n;
    call->in[call->got] = '\0';

    if (call->busy && reply_complete(call)) {
        call_done(call, reply_good(call));
    }
}


static client_t *
make_clients(void)
{
    int        i, j;
    call_t    *call;
    client_t  *clients;

    clients = calloc(conf.clients, sizeof(client_t));

    for (i = 0; i < conf.clients; i++) {
        clients[i].calls = calloc(conf.calls, sizeof(call_t));

        for (j = 0; j < conf.calls; j++) {
            call = &clients[i].calls[j];
            call->client = &clients[i];
            call->request = &conf.requests[j];
            call->out = malloc(call->request->len);
            memcpy(call->out, call->request->data, call->request->len);
            call_connect(call);
        }
    }

    return clients;
}


/* starts those that are due; returns the milliseconds to the next one */

static int
pace(client_t *clients)
{
    int     i;
    double  due, next, time;

    time = now();
    next = time + (conf.rate || conf.seconds ? 10 : 1000);

    for (i = 0; i < conf.clients && started < conf.reviews; i++) {

        if (clients[i].pending) {
            continue;
        }

        due = conf.rate ? begun + started * 1000 / conf.rate : clients[i].due;

        if (due <= time) {
            client_start(&clients[i]);

        } else if (due < next) {
            next = due;
        }
    }

    return (int) (next - time) + 1;
}


static int
over(void)
{
    return finished >= conf.reviews
           || (conf.seconds && now() >= begun + conf.seconds * 1000);
}


static void
run(client_t *clients)
{
    int                  i, n;
    call_t              *call;
    struct epoll_event   events[512];

    begun = now();

    for (i = 0; i < conf.clients; i++) {
        clients[i].due = begun + i * conf.ramp / conf.clients;
    }

    while (!over()) {
        n = epoll_wait(ep, events, 512, pace(clients));

        for (i = 0; i < n; i++) {
            call = events[i].data.ptr;

            if (events[i].events & EPOLLOUT) {
                watch(call, EPOLL_CTL_MOD, EPOLLIN);
                call_write(call);
            }

            if (events[i].events & ~EPOLLOUT) {
                call_read(call);
            }
        }
    }
}


static void
write_log(void)
{
    long   i;
    FILE  *f;

    f = fopen(conf.log, "w");
    if (f == NULL) {
        die(conf.log);
    }

    for (i = 0; i < finished; i++) {
        fprintf(f, "%.1f %.1f %d\n", reviews[i].ended, reviews[i].took,
                reviews[i].good);
    }

    if (fclose(f) != 0) {
        die(conf.log);
    }
}


static int
earlier(const void *a, const void *b)
{
    double  x = ((const review_t *) a)->took, y = ((const review_t *) b)->took;

    return (x > y) - (x < y);
}


static double
percentile(double p)
{
    long  i = (long) (finished * p);

    if (finished == 0) {
        return 0;
    }

    return reviews[i < finished ? i : finished - 1].took;
}


static void
parse_args(int argc, char **argv)
{
    int          i, n;
    const char  *value, *bodies[MAX_CALLS];

    n = 0;

    for (i = 1; i + 1 < argc; i += 2) {
        value = argv[i + 1];

        if (strcmp(argv[i], "--port") == 0) {
            conf.port = atoi(value);

        } else if (strcmp(argv[i], "--path") == 0) {
            conf.path = value;

        } else if (strcmp(argv[i], "--body") == 0 && n < MAX_CALLS) {
            bodies[n++] = value;

        } else if (strcmp(argv[i], "--clients") == 0) {
            conf.clients = atoi(value);

        } else if (strcmp(argv[i], "--reviews") == 0) {
            conf.reviews = atol(value);

        } else if (strcmp(argv[i], "--seconds") == 0) {
            conf.seconds = atof(value);

        } else if (strcmp(argv[i], "--rate") == 0) {
            conf.rate = atof(value);

        } else if (strcmp(argv[i], "--ramp") == 0) {
            conf.ramp = atof(value);

        } else if (strcmp(argv[i], "--pause") == 0) {
            conf.pause = atof(value);

        } else if (strcmp(argv[i], "--log") == 0) {
            conf.log = value;

        } else if (strcmp(argv[i], "--expect") == 0) {
            conf.expect = value;

        } else if (strcmp(argv[i], "--header") == 0) {
            strncat(conf.headers, value, 2000);
            strcat(conf.headers, "\r\n");

        } else {
            fprintf(stderr, "load: bad option %s\n", argv[i]);
            exit(2);
        }
    }

    if (n == 0 || conf.port == 0 || conf.clients < 1 || conf.reviews < 1) {
        fprintf(stderr, "load: --port and --body are needed\n");
        exit(2);
    }

    for (conf.calls = 0; conf.calls < n; conf.calls++) {
        read_request(&conf.requests[conf.calls], bodies[conf.calls]);
    }
}


int
main(int argc, char **argv)
{
    double     seconds;
    client_t  *clients;

    parse_args(argc, argv);

    ep = epoll_create1(0);
    clients = make_clients();

    run(clients);
    seconds = (now() - begun) / 1000;

    if (conf.log) {
        write_log();
    }

    qsort(reviews, finished, sizeof(review_t), earlier);

    printf("{\"reviews\": %ld, \"bad\": %ld, \"seconds\": %.3f, "
           "\"p50\": %.2f, \"p90\": %.2f, \"p99\": %.2f, \"max\": %.2f}\n",
           finished, bad, seconds, percentile(0.5), percentile(0.9),
           percentile(0.99), percentile(1));

    return 0;
}
