# "nginx -t" warns of a location that an endpoint asks and that is not there, or
# that clients reach as well, once for each directive, with its file and line;
# and of nothing that is as it should be, however nginx finds it: by its whole
# name, its beginning, a regex, nested or not.  What rules of the server may
# lead elsewhere it says nothing of.

use strict;
use warnings;

use lib 't/lib';
use Review;
use ConfTest;

my %rubric = ('a.json' => '{"name":"n","points":[{"id":"a","rule":"x"}]}');

sub warns { conf_warns(@_, %rubric) }

sub quiet { my ($name, $text) = @_; warns($name, [], $text) }

sub none {
    my ($uri, $directive) = @_;
    return qq(the server has no location for "$uri" of "$directive");
}

sub public {
    my ($uri, $location, $directive) = @_;
    return qq(clients may ask "$uri", whose location "$location" is not )
           . qq("internal", of "$directive");
}


# all is well

quiet('nothing of it', "server { location / { root html; } }\n");

quiet('set, and asked by nobody', <<'');
review_llm /llm;
review_embeddings /embeddings;
review_chunk_uri /chunk;
review_extract /extract;
server { location / { root html; } }

quiet('the whole name', <<'');
review_rubric a a.json;
server {
    location = /llm { internal; proxy_pass http://127.0.0.1:9; }
    location / { review a; review_llm /llm; }
}

quiet('with arguments', <<'');
server {
    location = /llm { internal; proxy_pass http://127.0.0.1:9; }
    location / { review; review_llm /llm?model=a; }
}

quiet('the beginning of a name', <<'');
server {
    location /l { internal; proxy_pass http://127.0.0.1:9; }
    location /llm/v2/x { root html; }
    location /a { review; review_llm /llm/v1; }
    location /b { review; review_llm /llm/v2; }
    location /c { review; review_llm /l; }
}

quiet('a beginning that is better than a regex', <<'');
server {
    location ^~ /llm { internal; proxy_pass http://127.0.0.1:9; }
    location ~ llm { root html; }
    location / { review; review_llm /llm/a; }
}

quiet('a regex', <<'');
server {
    location /llm { root html; }
    location ~ ^/llm/\d+$ { internal; proxy_pass http://127.0.0.1:9; }
    location ~* ^/LLM { root html; }
    location / { review; review_llm /llm/7; }
}

quiet('nested', <<'');
server {
    location /back {
        root html;
        location = /back/llm { internal; proxy_pass http://127.0.0.1:9; }
        location ~ /b$ { internal; proxy_pass http://127.0.0.1:9; }
    }
    location /in {
        internal;
        location = /in/llm { proxy_pass http://127.0.0.1:9; }
    }
    location /a { review; review_llm /back/llm; }
    location /c { review; review_llm /in/llm; }
    location /b/ { location /b/c { review; review_llm /back/a/b; } }
}

quiet('inherited', <<'');
review_llm /llm;
server {
    location /llm { internal; proxy_pass http://127.0.0.1:9; }
    location / { review; if ($arg_a) { set $x 1; } limit_except GET { } }
}
server { server_name b;
    location /llm { internal; proxy_pass http://127.0.0.1:9; }
    location / { review; }
}

quiet('several, with fallbacks', <<'');
server {
    location /llm/ { internal; proxy_pass http://127.0.0.1:9; }
    location / {
        review;
        review_llm /llm/a name=a fallback=b;
        review_llm /llm/b name=b;
    }
}

quiet('a guard: clients may', <<'');
review_zone z 1m;
server {
    review_limit zone=z calls=1;
    location /llm { review_guard on; proxy_pass http://127.0.0.1:9; }
    location / { review; review_llm /llm; }
}

quiet('all that a task asks', <<'');
server {
    location /ask/ { internal; proxy_pass http://127.0.0.1:9; }
    location / {
        review_task;
        review_chunk_uri /ask/chunk;
        review_extract /ask/extract;
        review_embeddings /ask/embeddings;
    }
}

quiet('rules of the server', <<'');
server {
    rewrite ^/llm$ /real last;
    location /real { internal; proxy_pass http://127.0.0.1:9; }
    location /a { review; review_llm /llm; }
}


# not there

warns('nowhere', [ none('/llm', 'review_llm') ], <<'');
server {
    location = /llm2 { internal; proxy_pass http://127.0.0.1:9; }
    location = / { review; review_llm /llm; } # <-1
}

warns('in another server', [ none('/llm', 'review_llm') ], <<'');
review_llm /llm; # <-1
server { location /llm { internal; proxy_pass http://127.0.0.1:9; } }
server { server_name b; location = / { review; } }

warns('a slash too much', [ none('/llm', 'review_llm') ], <<'');
server {
    location /llm/ { internal; proxy_pass http://127.0.0.1:9; }
    location = / { review; review_llm /llm; } # <-1
}

warns('once, whoever asks', [ none('/llm', 'review_llm') ], <<'');
review_llm /llm; # <-1
server {
    location = /a { review; }
    location = /b { review; }
    location ~ c { review; }
    location @d { review; }
}
server { server_name b; location = /a { review; } }

warns('by its case', [ none('/LLM', 'review_llm') ], <<'');
server {
    location /llm { internal; proxy_pass http://127.0.0.1:9; }
    location ~ ^/llm { internal; proxy_pass http://127.0.0.1:9; }
    location = / { review; review_llm /LLM; } # <-1
}

warns('the second', [ none('/b', 'review_llm') ], <<'');
server {
    location /a { internal; proxy_pass http://127.0.0.1:9; }
    location = / {
        review;
        review_llm /a name=a fallback=b;
        review_llm /b name=b; # <-1
    }
}

warns('of a task', [ none('/chunk', 'review_chunk_uri'),
                     none('/extract', 'review_extract'),
                     none('/embeddings', 'review_embeddings') ], <<'');
server {
    location = / {
        review_task;
        review_chunk_uri /chunk; # <-1
        review_extract /extract; # <-2
        review_embeddings /embeddings; # <-3
    }
}

warns('of the steps', [ none('/embed', 'review_embeddings'),
                        none('/rank', 'review_embeddings'),
                        none('/extract', 'review_extract') ], <<'');
server {
    location = /1 { review_embed; review_embeddings /embed; } # <-1
    location = /2 { review_rank; review_embeddings /rank; } # <-2
    location = /3 { review_split; review_extract /extract; } # <-3
}


# not internal

warns('the root', [ public('/llm', '/', 'review_llm') ], <<'');
server {
    location / { root html; }
    location /a { review; review_llm /llm; } # <-1
}

warns('the endpoint itself', [ public('/a/llm', '/a', 'review_llm') ], <<'');
server {
    location /a { review; review_llm /a/llm; } # <-1
}

warns('a regex before it', [ public('/llm', '^/l', 'review_llm') ], <<'');
server {
    location /llm { internal; proxy_pass http://127.0.0.1:9; }
    location ~ ^/l { proxy_pass http://127.0.0.1:9; }
    location = /a { review; review_llm /llm; } # <-1
}

warns('another for each', [ public('/a', '/', 'review_extract'),
                            none('/b', 'review_llm') ], <<'');
server {
    location = /1 { review_split; review_extract /a; } # <-1
    location / { root html; }
}
server { server_name b;
    location = /2 { review; review_llm /b; } # <-2
}

Test::More->builder->done_testing();
