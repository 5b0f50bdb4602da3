"""Writes a qkv checkpoint in the format of llama2.c, and compares the texts that both generate from it.

The format: seven int32 (width, feed-forward width, layers, heads, key/value heads, vocabulary, context), then float32: the
embedding table, each kind of weight for all layers, the last norm, and two tables that are skipped on reading. Its
rotary positions rotate neighbouring numbers; those of qkv, as in Hugging Face, rotate numbers half a head apart, so
the rows of queries and keys are reordered.
"""

import json
import struct


def read_safetensors(path):
    """name → (shape, the bytes of its float32 numbers)."""
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    tensors = json.loads(content[8 : 8 + length])
    tensors.pop("__metadata__", None)
    return {name: (part["shape"], content[8 + length + part["data_offsets"][0] : 8 + length + part["data_offsets"][1]])
            for name, part in tensors.items()}


def neighbouring(tensor, head_width):
    """Rows of each head in the order 0, half, 1, half + 1, …"""
    (rows, columns), content = tensor
    size, half = 4 * columns, head_width // 2
    order = [head + pair + side * half for head in range(0, rows, head_width) for pair in range(half) for side in (0, 1)]
    return b"".join(content[row * size : (row + 1) * size] for row in order)


def write_model(checkpoint, path):
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))["model"]
    tensors = read_safetensors(checkpoint / "model.safetensors")
    layers, heads, head_width = config["layers"], config["heads"], config["width"] // config["heads"]
    embedding = tensors["model.embed_tokens.weight"]

    def of_layers(name, change=lambda tensor: tensor[1]):
        return b"".join(change(tensors[f"model.layers.{layer}.{name}.weight"]) for layer in range(layers))

    def turned(tensor):
        return neighbouring(tensor, head_width)

    with open(path, "wb") as out:
        out.write(struct.pack("<7i", config["width"], config["feed_forward"]["width"], layers, heads,
                              config["key_value_heads"], embedding[0][0], config["context"]))
        out.write(embedding[1])
        out.write(of_layers("input_layernorm"))
        out.write(of_layers("self_attn.q_proj", turned))
        out.write(of_layers("self_attn.k_proj", turned))
        out.write(of_layers("self_attn.v_proj"))
        out.write(of_layers("self_attn.o_proj"))
        out.write(of_layers("post_attention_layernorm"))
        out.write(of_layers("mlp.gate_proj"))
        out.write(of_layers("mlp.down_proj"))
        out.write(of_layers("mlp.up_proj"))
        out.write(tensors["model.norm.weight"][1])
        out.write(bytes(4 * config["context"] * head_width))


def write_numbers(vocabulary, path):
    """A tokenizer.bin under which llama2.c prints numbers: a longest length, then score, length and text of each."""
    texts = [f"{number} ".encode() for number in range(vocabulary)]
    with open(path, "wb") as out:
        out.write(struct.pack("<i", max(map(len, texts))))
        for text in texts:
            out.write(struct.pack("<fi", 0.0, len(text)) + text)


def varint(content, at):
    value = shift = 0
    while True:
        value |= (content[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if content[at - 1] < 0x80:
            return value, at


def fields(content):
    """(number, value) of a protobuf message: bytes of those with a length, None of others."""
    at = 0
    while at < len(content):
        key, at = varint(content, at)
        value = None
        if key & 7 == 0:
            _, at = varint(content, at)
        elif key & 7 == 2:
            length, at = varint(content, at)
            value, at = content[at : at + length], at + length
        else:
            at += {1: 8, 5: 4}[key & 7]
        yield key >> 3, value


def read_pieces(tokenizer):
    """The texts of all pieces of a SentencePiece model, in the order of their ids."""
    return [dict(fields(message))[1].decode() for number, message in fields(tokenizer.read_bytes()) if number == 1]


def words_only(checkpoint):
    """Sets the embeddings of all pieces except whole words to zero, so that words are more probable.

    A text of whole words can be read in only one way. Without trainer.json, the hash of the weights is not checked.
    """
    path = checkpoint / "model.safetensors"
    content = bytearray(path.read_bytes())
    start = 8 + struct.unpack_from("<Q", content)[0]
    part = json.loads(content[8:start])["model.embed_tokens.weight"]
    size = 4 * part["shape"][1]
    for number, piece in enumerate(read_pieces(checkpoint / "tokenizer.model")):
        if number != 1 and not (piece[0] == "▁" and piece[1:].isalpha()):  # 1 is <s>, which is read first
            at = start + part["data_offsets"][0] + number * size
            content[at : at + size] = bytes(size)
    path.write_bytes(content)
    (checkpoint / "trainer.json").unlink()


def text_of(ids, pieces):
    return "".join(pieces[number].replace("▁", " ") for number in ids).removeprefix(" ")
