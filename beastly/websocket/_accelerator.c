/* The inner loops of the codec in C: masks (RFC 6455 section 5.3) and whole frames (section 5.2).
 *
 * The same functions as in `_mask.py` and `_frame.py`, which are the reference: `_codec.py` takes
 * these where they were built, and property tests compare the two. Nothing is kept between calls
 * and no object is changed but the region that the caller hands over for it, so that any number of
 * threads and interpreters may be in here at once. Knows no faults: what is not plain is left to
 * the Python code.
 *
 * Only names of the stable ABI of Python 3.11 are used: one binary serves every later version.
 * Free-threaded builds have no such ABI yet; there `setup.py` compiles for the one at hand. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum {
    KEY_SIZE = 4,
    WORD_SIZE = sizeof(uint64_t),
};

/* Bytes from which on other threads may run meanwhile. To let go of the interpreter and to get it
 * back costs little while nobody waits for it and much when somebody does, so it has to be worth
 * it: less than this is masked in the time of a few system calls. */
static const Py_ssize_t UNLOCKED_MIN = 1 << 20;

/* A key, repeated for as long as a word is, in the order of memory. */
static uint64_t
repeat_key(const char *key)
{
    uint64_t word;
    memcpy(&word, key, KEY_SIZE);
    memcpy((char *)&word + KEY_SIZE, key, KEY_SIZE);
    return word;
}

/* Write the XOR of the `size` bytes at `from`, a word at most, with `key` to `to`.
 *
 * `memcpy` is how C reads a word at any address; a whole one is a single move. */
static inline void
mask_word(char *to, const char *from, size_t size, uint64_t key)
{
    uint64_t word = 0;
    memcpy(&word, from, size);
    word ^= key;
    memcpy(to, &word, size);
}

/* Write the XOR of `size` bytes at `from` with `key` to `to`, which is apart from them.
 *
 * That it is apart lets the compiler use its vectors; so does, in the next function, that both
 * places are one. Unrolled, the loops are as fast as a copy of the same bytes. */
static void
mask_apart(char *restrict to, const char *restrict from, Py_ssize_t size, uint64_t key)
{
    const Py_ssize_t words = size - size % WORD_SIZE;
#pragma GCC unroll 4
    for (Py_ssize_t at = 0; at < words; at += WORD_SIZE) {
        mask_word(to + at, from + at, WORD_SIZE, key);
    }
    mask_word(to + words, from + words, size - words, key);
}

/* Mask the `size` bytes at `region` with `key`. */
static void
mask_there(char *region, Py_ssize_t size, uint64_t key)
{
    const Py_ssize_t words = size - size % WORD_SIZE;
#pragma GCC unroll 4
    for (Py_ssize_t at = 0; at < words; at += WORD_SIZE) {
        mask_word(region + at, region + at, WORD_SIZE, key);
    }
    mask_word(region + words, region + words, size - words, key);
}

/* Read the two arguments of either function, and hold the buffer of the first; -1: an error is
 * set. */
static int
read_arguments(const char *function, PyObject *const *args, Py_ssize_t count, int flags,
               Py_buffer *view, uint64_t *key)
{
    char *bytes;
    Py_ssize_t size;

    if (count != 2) {
        PyErr_Format(PyExc_TypeError, "%s() takes exactly 2 positional arguments (%zd given)",
                     function, count);
        return -1;
    }
    if (PyBytes_AsStringAndSize(args[1], &bytes, &size) < 0) {
        return -1;
    }
    if (size != KEY_SIZE) {
        PyErr_Format(PyExc_ValueError, "a masking key has %d bytes, not %zd", KEY_SIZE, size);
        return -1;
    }
    *key = repeat_key(bytes);
    return PyObject_GetBuffer(args[0], view, flags);
}

PyDoc_STRVAR(mask_doc,
"mask($module, data, key, /)\n--\n\n"
"Return the bytes of `data`, any contiguous buffer, masked with the four bytes of `key`.\n\n"
"Masking twice with one key gives the data back.");

static PyObject *
mask(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    Py_buffer view;
    uint64_t key;

    if (read_arguments("mask", args, count, PyBUF_SIMPLE, &view, &key) < 0) {
        return NULL;
    }
    PyObject *masked = PyBytes_FromStringAndSize(NULL, view.len);
    if (masked != NULL) {
        char *to = PyBytes_AsString(masked);
        if (view.len < UNLOCKED_MIN) {
            mask_apart(to, view.buf, view.len, key);
        }
        else {
            Py_BEGIN_ALLOW_THREADS
            mask_apart(to, view.buf, view.len, key);
            Py_END_ALLOW_THREADS
        }
    }
    PyBuffer_Release(&view);
    return masked;
}

PyDoc_STRVAR(mask_in_place_doc,
"mask_in_place($module, region, key, /)\n--\n\n"
"Mask the bytes of `region`, a writable contiguous buffer, with the four bytes of `key`.");

static PyObject *
mask_in_place(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    Py_buffer view;
    uint64_t key;

    if (read_arguments("mask_in_place", args, count, PyBUF_WRITABLE, &view, &key) < 0) {
        return NULL;
    }
    if (view.len < UNLOCKED_MIN) {
        mask_there(view.buf, view.len, key);
    }
    else {
        Py_BEGIN_ALLOW_THREADS
        mask_there(view.buf, view.len, key);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
}

/* The bits of the first two bytes of a frame, and the two lengths that announce longer forms. */
enum {
    FIN = 0x80,
    RSV1 = 0x40,
    TEXT = 0x01,
    BINARY = 0x02,
    MASK = 0x80,
    SHORT_MAX = 125,
    MEDIUM = 126,
    LONG = 127,
    MEDIUM_MAX = 0xFFFF,
    HEADER_MAX = 14,
};

/* Write the header of a frame with FIN but for its key to `to`, and return its size. */
static Py_ssize_t
write_header(unsigned char *to, int opcode, Py_ssize_t length, int mask_bit)
{
    to[0] = (unsigned char)(FIN | opcode);
    if (length <= SHORT_MAX) {
        to[1] = (unsigned char)(mask_bit | length);
        return 2;
    }
    const int digits = length <= MEDIUM_MAX ? 2 : 8;
    to[1] = (unsigned char)(mask_bit | (digits == 2 ? MEDIUM : LONG));
    for (int digit = digits; digit > 0; digit--) {
        to[1 + digit] = (unsigned char)length;
        length >>= 8;
    }
    return 2 + digits;
}

/* Return the frame of `size` bytes at `payload`, masked if there is a `key`. */
static PyObject *
make_frame(int opcode, const char *payload, Py_ssize_t size, const char *key)
{
    unsigned char header[HEADER_MAX];
    Py_ssize_t header_size = write_header(header, opcode, size, key != NULL ? MASK : 0);

    if (key != NULL) {
        memcpy(header + header_size, key, KEY_SIZE);
        header_size += KEY_SIZE;
    }
    if (size > PY_SSIZE_T_MAX - header_size) {
        return PyErr_NoMemory();
    }
    PyObject *made = PyBytes_FromStringAndSize(NULL, header_size + size);
    if (made == NULL) {
        return NULL;
    }
    char *to = PyBytes_AsString(made);
    memcpy(to, header, (size_t)header_size);
    if (key != NULL) {
        mask_apart(to + header_size, payload, size, repeat_key(key));
    }
    else {
        memcpy(to + header_size, payload, (size_t)size);
    }
    return made;
}

PyDoc_STRVAR(frame_doc,
"frame($module, opcode, payload, key=b'', /)\n--\n\n"
"Return a whole frame, with FIN set; its payload is masked with `key` if there is one.");

static PyObject *
frame(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    char *key = NULL;
    Py_ssize_t key_size = 0;
    Py_buffer view;

    if (count < 2 || count > 3) {
        PyErr_Format(PyExc_TypeError, "frame() takes 2 or 3 positional arguments (%zd given)",
                     count);
        return NULL;
    }
    const long opcode = PyLong_AsLong(args[0]);
    if (opcode == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (count == 3 && PyBytes_AsStringAndSize(args[2], &key, &key_size) < 0) {
        return NULL;
    }
    if (key_size != 0 && key_size != KEY_SIZE) {
        PyErr_Format(PyExc_ValueError, "a masking key has %d bytes, not %zd", KEY_SIZE, key_size);
        return NULL;
    }
    if (PyObject_GetBuffer(args[1], &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    PyObject *made = make_frame((int)opcode & 0x7F, view.buf, view.len,
                                key_size != 0 ? key : NULL);
    PyBuffer_Release(&view);
    return made;
}

/* A message that is one frame, as it lies in the bytes at hand. */
struct message {
    const unsigned char *key; /* Of four bytes, or NULL. */
    const unsigned char *payload;
    Py_ssize_t length;
};

/* Find the message that begins at `from`, with `size` bytes at hand; 0: it is none, or is not to
 * be told from these. */
static int
find_message(const unsigned char *from, Py_ssize_t size, int masked, struct message *found)
{
    if (size < 4) {
        return 0;
    }
    const int kind = from[0] & ~RSV1;
    if (kind != (FIN | TEXT) && kind != (FIN | BINARY)) {
        return 0;
    }
    Py_ssize_t start = 2;
    found->length = masked ? from[1] ^ MASK : from[1];
    if (found->length == MEDIUM) {
        start += 2;
        found->length = from[2] << 8 | from[3];
        if (found->length <= SHORT_MAX) {
            return 0; /* A fault: there is a shorter form. */
        }
    }
    else if (found->length > SHORT_MAX) {
        return 0; /* Long, or with the mask bit where it must not be. */
    }
    found->key = masked ? from + start : NULL;
    start += masked ? KEY_SIZE : 0;
    found->payload = from + start;
    return found->length <= size - start;
}

/* Return the three as a tuple; takes `payload` over. */
static PyObject *
pack_message(int first, PyObject *payload, Py_ssize_t end)
{
    PyObject *message = PyTuple_New(3);
    PyObject *start = PyLong_FromLong(first);
    PyObject *stop = PyLong_FromSsize_t(end);
    if (message == NULL || start == NULL || stop == NULL) {
        Py_XDECREF(message);
        Py_XDECREF(start);
        Py_XDECREF(stop);
        Py_DECREF(payload);
        return NULL;
    }
    PyTuple_SetItem(message, 0, start);
    PyTuple_SetItem(message, 1, payload);
    PyTuple_SetItem(message, 2, stop);
    return message;
}

PyDoc_STRVAR(whole_frame_doc,
"whole_frame($module, data, position, masked, limit, /)\n--\n\n"
"Return the frame that begins at `position` in `data` if it is a message and all at hand.\n\n"
"That is its first byte, its payload, not masked any more, and where it ends; `None` if it is\n"
"anything that needs a closer look, or has more than `limit` bytes and that is not zero.");

static PyObject *
whole_frame(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    char *data;
    Py_ssize_t size;
    int is_huge;
    struct message found;

    if (count != 4) {
        PyErr_Format(PyExc_TypeError,
                     "whole_frame() takes exactly 4 positional arguments (%zd given)", count);
        return NULL;
    }
    if (PyBytes_AsStringAndSize(args[0], &data, &size) < 0) {
        return NULL;
    }
    const Py_ssize_t position = PyLong_AsSsize_t(args[1]);
    const int masked = PyObject_IsTrue(args[2]);
    const long long limit = PyLong_AsLongLongAndOverflow(args[3], &is_huge);
    if ((position == -1 || masked == -1 || limit == -1) && PyErr_Occurred()) {
        return NULL;
    }
    if (position < 0 || position > size) {
        PyErr_Format(PyExc_ValueError, "position %zd is not in the %zd bytes", position, size);
        return NULL;
    }
    const unsigned char *from = (const unsigned char *)data + position;
    if (!find_message(from, size - position, masked, &found)
        || (limit > 0 && found.length > limit)) {
        Py_RETURN_NONE;
    }
    PyObject *payload = PyBytes_FromStringAndSize(
        found.key != NULL ? NULL : (const char *)found.payload, found.length);
    if (payload == NULL) {
        return NULL;
    }
    if (found.key != NULL) {
        mask_apart(PyBytes_AsString(payload), (const char *)found.payload, found.length,
                   repeat_key((const char *)found.key));
    }
    const Py_ssize_t end = found.payload + found.length - (const unsigned char *)data;
    return pack_message(from[0], payload, end);
}

PyDoc_STRVAR(block_doc,
"block($module, size, /)\n--\n\n"
"Return `size` bytes of any values, for the one who has them to write to before they are read.");

/* Memory as it comes: to clear that of a large message costs as much as to mask it. */
static PyObject *
block(PyObject *Py_UNUSED(module), PyObject *number)
{
    const Py_ssize_t size = PyLong_AsSsize_t(number);

    if (size == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (size < 0) {
        PyErr_SetString(PyExc_ValueError, "negative count");
        return NULL;
    }
    return PyBytes_FromStringAndSize(NULL, size);
}

/* C has one type for all functions in this table, and a detour to it that compilers understand. */
#define FAST(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef methods[] = {
    {"block", block, METH_O, block_doc},
    {"frame", FAST(frame), METH_FASTCALL, frame_doc},
    {"mask", FAST(mask), METH_FASTCALL, mask_doc},
    {"mask_in_place", FAST(mask_in_place), METH_FASTCALL, mask_in_place_doc},
    {"whole_frame", FAST(whole_frame), METH_FASTCALL, whole_frame_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "beastly.websocket._accelerator",
    .m_doc = "The inner loops of the codec; the reference is in `_mask.py` and `_frame.py`.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__accelerator(void)
{
    return PyModuleDef_Init(&definition);
}
