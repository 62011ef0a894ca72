# How an LLM is asked: in which form it is to answer, how max_tokens is called,
# whether it knows a message of the system; and that what servers refuse is not
# in a body that is not to have it.

use strict;
use warnings;

use lib 't/lib';
use Review;

run_tests();

__DATA__

=== TEST 1: an object, at the last step only
--- config
    location = /v1/review { review; review_llm /llm model=m schema=object; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["[[raw=one key=one]]","[[ok key=two]]"]}]}
--- json
status eq "complete"
--- llm_calls
count eq 2
0.body.response_format missing
1.body.response_format eq {"type":"json_object"}



=== TEST 2: how max_tokens is called
--- config
    location = /v1/review {
        review;
        review_llm /llm model=m tokens=max_completion_tokens;
    }
    location = /v1/plain { review; review_llm /llm tokens=max_tokens; }
    $TEST_NGINX_LLM_LOCATION
--- json_request eval
[ map { $_ . '{"chunk":"abc","points":[{"id":"a","question":"q",'
        . '"max_tokens":70}]}' } '', "/v1/plain\n" ]
--- json eval
[ ('status eq "complete"') x 2 ]
--- llm_calls
*.body.max_tokens eq [null,70]
*.body.max_completion_tokens eq [70,null]



=== TEST 3: the system's words at the head of the user's
--- config
    location = /v1/review { review; review_llm /llm model=m system=off; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[{"id":"a","question":"q"},{"id":"b","prompt":"{{chunk}} is it?"}]}
--- json
status eq "complete"
--- llm_calls
count eq 2
*.body.messages.0.role eq ["user","user"]
0.body.messages len 1
1.body.messages len 1
0.body.messages.0.content like /\A\S.*verdict.*\n\n待审文本：\n<review-text id="chunk" key="\w+">\nabc\n<\/review-text.*q/s
1.body.messages.0.content like /\A\S.*verdict.*\n\nabc is it\?/s



=== TEST 4: the same with steps and complaints, which are of the user, too
--- config
    location = /v1/review { review; review_llm /llm model=m system=off; }
    $TEST_NGINX_LLM_LOCATION
--- json_request
{"chunk":"abc","points":[{"id":"a","steps":["[[raw=one key=one]]","[[raw=none key=x | ok]]"]}]}
--- json
status eq "complete"
--- llm_calls
count eq 3
2.body.messages len 5
2.body.messages.0.role eq "user"
2.body.messages.1.role eq "assistant"
2.body.messages.2.role eq "user"
2.body.messages.3.role eq "assistant"
2.body.messages.4.role eq "user"
