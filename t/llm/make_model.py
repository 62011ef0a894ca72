#!/usr/bin/env python3
"""
Makes a tiny model for llama.cpp, whose weights replay one answer whatever it is
asked: a server with it speaks as one with a real model does, and says nothing.

    make_model.py OUT.gguf ANSWER.json

ANSWER is a list of pieces, each of them a token: texts, and numbers, which are
bytes.  What comes next is told by the token before alone, so that none may
stand there twice.  Needs python3-gguf.
"""

import json
import sys

import gguf
import numpy

WIDTH = 1024        # and so many tokens at most
FORWARD = 32
CONTEXT = 32768
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
TEMPLATE = ("{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}"
            "{% endfor %}{% if add_generation_prompt %}<|go|>{% endif %}")
# what a grammar may have it say beside the answer, one by one
LETTERS = ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
           "{}[]\",:._-▁")


class Tokens:
    def __init__(self):
        self.texts, self.types = [], []
        for text, kind in (("<unk>", UNKNOWN), ("<s>", CONTROL),
                           ("</s>", CONTROL)):
            self.add(text, kind)
        self.end = len(self.texts) - 1
        self.first_byte = len(self.texts)
        for i in range(256):
            self.add("<0x%02X>" % i, BYTE)

    def add(self, text, kind=NORMAL):
        self.texts.append(text)
        self.types.append(kind)
        return len(self.texts) - 1

    def of(self, piece):
        if isinstance(piece, int):
            return self.first_byte + piece
        text = piece.replace(" ", "▁")
        return self.texts.index(text) if text in self.texts else self.add(text)


def sequence(answer):
    """the tokens, and the numbers of those that follow one another"""
    tokens = Tokens()
    go = tokens.add("<|go|>", CONTROL)
    for role in ("system", "user", "assistant"):
        tokens.add("<|%s|>" % role, CONTROL)
    said = [go, *(tokens.of(piece) for piece in answer)]
    for letter in LETTERS:
        tokens.of(letter)
    said.append(tokens.end)
    twice = {tokens.texts[n] for n in said if said.count(n) > 1}
    if twice:
        sys.exit("make_model.py: more than once: %s" % twice)
    if len(tokens.texts) > WIDTH:
        sys.exit("make_model.py: more than %d tokens" % WIDTH)
    return tokens, said


def write_head(out, tokens):
    out.add_name("replay")
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_block_count(1)
    out.add_feed_forward_length(FORWARD)
    out.add_head_count(16)
    out.add_head_count_kv(16)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(64)
    out.add_vocab_size(len(tokens.texts))
    out.add_file_type(0)
    out.add_tokenizer_model("llama")
    out.add_tokenizer_pre("default")
    out.add_token_list(tokens.texts)
    out.add_token_scores([-float(i) for i in range(len(tokens.texts))])
    out.add_token_types(tokens.types)
    out.add_bos_token_id(1)
    out.add_eos_token_id(tokens.end)
    out.add_unk_token_id(0)
    out.add_add_bos_token(True)
    out.add_add_space_prefix(False)
    out.add_chat_template(TEMPLATE)


def write_weights(out, size, said, end):
    """a token goes through unchanged, and the last layer has its successor"""
    def zeros(*shape):
        return numpy.zeros(shape, numpy.float32)

    tokens = zeros(size, WIDTH)
    tokens[numpy.arange(size), numpy.arange(size)] = 1
    output = zeros(size, WIDTH)
    output[end, :] = 0.01
    for before, after in zip(said, said[1:]):
        output[after, before] = 1
    out.add_tensor("token_embd.weight", tokens)
    out.add_tensor("output.weight", output)
    ones = numpy.ones(WIDTH, numpy.float32)
    out.add_tensor("output_norm.weight", ones)
    for name in ("attn_norm", "ffn_norm"):
        out.add_tensor("blk.0.%s.weight" % name, ones)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        out.add_tensor("blk.0.%s.weight" % name, zeros(WIDTH, WIDTH))
    for name, shape in (("ffn_gate", (FORWARD, WIDTH)),
                        ("ffn_up", (FORWARD, WIDTH)),
                        ("ffn_down", (WIDTH, FORWARD))):
        out.add_tensor("blk.0.%s.weight" % name, zeros(*shape))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="utf-8") as f:
        tokens, said = sequence(json.load(f))
    out = gguf.GGUFWriter(sys.argv[1], "llama")
    write_head(out, tokens)
    write_weights(out, len(tokens.texts), said, tokens.end)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


main()
