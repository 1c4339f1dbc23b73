/* Masking in C: the XOR of a payload with a four-byte key (RFC 6455 section 5.3).
 *
 * The same functions as in `_mask.py`, which is the reference: `_codec.py` takes these where they
 * were built, and a property test compares the two. Nothing is kept between calls and no object
 * is changed but the region that the caller hands over for it, so that any number of threads and
 * interpreters may be in here at once. Knows nothing of frames and of where keys come from.
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

/* C has one type for all functions in this table, and a detour to it that compilers understand. */
#define FAST(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef methods[] = {
    {"mask", FAST(mask), METH_FASTCALL, mask_doc},
    {"mask_in_place", FAST(mask_in_place), METH_FASTCALL, mask_in_place_doc},
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
    .m_doc = "Masking in C; the reference is `_mask.py`.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__accelerator(void)
{
    return PyModuleDef_Init(&definition);
}
