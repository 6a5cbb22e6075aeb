// The loops of llama-esa-kernels.h, included by llama-esa-kernels.cpp once for each instruction set with
//   ESA_ISA      a name: all of this is in a namespace of that name
//   ESA_TARGET   the attribute that lets the compiler use the instruction set
//   ESA_WIDE     1: there are 32 registers of 16 floats, 0: 16 of 8 or 32 of 4
//   ESA_F16      how 16 halves are loaded: statements that read `x` and write `y`
//   ESA_I8       the same for 16 bytes
// There is no include guard on purpose.

namespace ESA_ISA {

#define ESA_FN ESA_TARGET ESA_INLINE

ESA_FN void lanes_load (lanes * x, const float * p) { memcpy(x, p, sizeof(*x)); }
ESA_FN void lanes_store(const lanes * x, float * p) { memcpy(p, x, sizeof(*x)); }

// 16 halves as floats
ESA_FN void lanes_load_f16(lanes * res, const uint16_t * x) {
    float * y = (float *) res;
    ESA_F16
}

// 16 bytes as floats
ESA_FN void lanes_load_i8(lanes * res, const int8_t * x) {
    float * y = (float *) res;
    ESA_I8
}

#if defined(__GNUC__)
ESA_FN void lanes_fma (lanes * a, float k, const lanes * x) { *a += k**x; }
ESA_FN void lanes_fma2(lanes * a, const lanes * x, const lanes * y) { *a += *x**y; }
ESA_FN void lanes_add (lanes * a, const lanes * x) { *a += *x; }
ESA_FN void lanes_sub (lanes * a, const lanes * x) { *a -= *x; }
ESA_FN void lanes_mul (lanes * a, const lanes * x) { *a *= *x; }
ESA_FN void lanes_max (lanes * a, const lanes * x) { *a = *a > *x ? *a : *x; }

ESA_FN float lanes_sum(const lanes * x) {
    const half_lanes    h = __builtin_shufflevector(*x, *x, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(*x, *x, 8, 9, 10, 11, 12, 13, 14, 15);
    const quarter_lanes q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
    return (q[0] + q[1]) + (q[2] + q[3]);
}

// the sums of four at once: they are folded together, so that it takes little more than one
ESA_FN void lanes_sum4(const lanes * x, float * out) {
#define ESA_INTERLEAVE(a, b, lo) __builtin_shufflevector(a, b, \
        lo, 16 + lo, 1 + lo, 17 + lo, 4 + lo, 20 + lo, 5 + lo, 21 + lo, 8 + lo, 24 + lo, 9 + lo, 25 + lo, 12 + lo, 28 + lo, 13 + lo, 29 + lo)
    const lanes s = ESA_INTERLEAVE(x[0], x[1], 0) + ESA_INTERLEAVE(x[0], x[1], 2); // quads of a b a b
    const lanes t = ESA_INTERLEAVE(x[2], x[3], 0) + ESA_INTERLEAVE(x[2], x[3], 2); // quads of c d c d
#undef ESA_INTERLEAVE
    const lanes u =
        __builtin_shufflevector(s, t, 0, 1, 16, 17, 4, 5, 20, 21, 8,  9,  24, 25, 12, 13, 28, 29) +
        __builtin_shufflevector(s, t, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31); // quads of a b c d
    const half_lanes    h = __builtin_shufflevector(u, u, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(u, u, 8, 9, 10, 11, 12, 13, 14, 15);
    const quarter_lanes q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
    memcpy(out, &q, sizeof(q));
}

// exp for x <= 0: 2^n times a polynomial in the rest; relative error below 2e-7. What is too small to be seen beside 1, even
// a million times, is zero: products with it would be subnormal numbers, which some processors take a hundred times as long for.
ESA_FN void lanes_exp(lanes * x) {
    const lanes zero  = {};
    const lanes lo    = zero - 60.0f;
    const lanes magic = zero + 12582912.0f; // 1.5*2^23: adding it rounds to an integer
    const lanes c = *x > lo ? *x : lo;
    const lanes n = (c*1.44269504f + magic) - magic;
    const lanes r  = (c - n*0.693359375f) + n*2.12194440e-4f;
    lanes p = r*1.9875691500e-4f + 1.3981999507e-3f;
    p = p*r + 8.3334519073e-3f;
    p = p*r + 4.1665795894e-2f;
    p = p*r + 1.6666665459e-1f;
    p = p*r + 5.0000001201e-1f;
    p = p*r*r + r + 1.0f;
    const int_lanes e = (__builtin_convertvector(n, int_lanes) + 127) << 23;
    lanes scale;
    memcpy(&scale, &e, sizeof(scale));
    *x = *x > lo ? p*scale : zero;
}
#else
ESA_FN void lanes_fma (lanes * a, float k, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] += k*x->v[i]; }
ESA_FN void lanes_fma2(lanes * a, const lanes * x, const lanes * y) { for (int i = 0; i < LANES; ++i) a->v[i] += x->v[i]*y->v[i]; }
ESA_FN void lanes_add (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] += x->v[i]; }
ESA_FN void lanes_sub (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] -= x->v[i]; }
ESA_FN void lanes_mul (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] *= x->v[i]; }
ESA_FN void lanes_max (lanes * a, const lanes * x) { for (int i = 0; i < LANES; ++i) a->v[i] = a->v[i] > x->v[i] ? a->v[i] : x->v[i]; }

ESA_FN float lanes_sum (const lanes * x) { float res = 0.0f; for (int i = 0; i < LANES; ++i) res += x->v[i]; return res; }
ESA_FN void  lanes_sum4(const lanes * x, float * out) { for (int i = 0; i < 4; ++i) out[i] = lanes_sum(x + i); }
ESA_FN void  lanes_exp (lanes * x) { for (int i = 0; i < LANES; ++i) x->v[i] = expf(x->v[i]); }
#endif

ESA_TARGET static void f16_to_f32(const uint16_t * x, float * y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes v;
        lanes_load_f16(&v, x + i);
        lanes_store(&v, y + i);
    }
    ggml_fp16_to_fp32_row((const ggml_fp16_t *) x + i, y + i, n - i);
}

ESA_TARGET static float dot(const float * x, const float * y, int64_t n) {
    lanes acc[2] = {};
    int64_t i = 0;
    for (; i + 2*LANES <= n; i += 2*LANES) {
        for (int j = 0; j < 2; ++j) {
            lanes a, b;
            lanes_load(&a, x + i + j*LANES);
            lanes_load(&b, y + i + j*LANES);
            lanes_fma2(&acc[j], &a, &b);
        }
    }
    float res = lanes_sum(&acc[0]) + lanes_sum(&acc[1]);
    for (; i < n; ++i) {
        res += x[i]*y[i];
    }
    return res;
}

// ROWS*HEADS is a multiple of four
template <int HEADS, int ROWS>
ESA_FN void dots_block(const uint16_t * const * rows, int64_t n, const float * q, float scale, float * s, int64_t stride) {
    lanes acc[ROWS*HEADS] = {}, x[ROWS], y;
    for (int64_t i = 0; i < n; i += LANES) {
        for (int r = 0; r < ROWS; ++r) {
            lanes_load_f16(&x[r], rows[r] + i);
        }
        for (int h = 0; h < HEADS; ++h) {
            lanes_load(&y, q + h*n + i);
            for (int r = 0; r < ROWS; ++r) {
                lanes_fma2(&acc[h*ROWS + r], &x[r], &y);
            }
        }
    }
    float sums[ROWS*HEADS];
    for (int j = 0; j < ROWS*HEADS; j += 4) {
        lanes_sum4(acc + j, sums + j);
    }
    for (int h = 0; h < HEADS; ++h) {
        for (int r = 0; r < ROWS; ++r) {
            s[h*stride + r] = scale*sums[h*ROWS + r];
        }
    }
}

template <int HEADS, int ROWS>
ESA_FN void dots_heads(const uint16_t * const * rows, int64_t n_rows, int64_t n, const float * q, float scale, float * s, int64_t stride) {
    int64_t r = 0;
    for (; r + ROWS <= n_rows; r += ROWS) {
        dots_block<HEADS, ROWS>(rows + r, n, q, scale, s + r, stride);
    }
    for (; r < n_rows; ++r) {
        for (int h = 0; h < HEADS; ++h) {
            lanes acc = {}, x, y;
            for (int64_t i = 0; i < n; i += LANES) {
                lanes_load_f16(&x, rows[r] + i);
                lanes_load(&y, q + h*n + i);
                lanes_fma2(&acc, &x, &y);
            }
            s[h*stride + r] = scale*lanes_sum(&acc);
        }
    }
}

ESA_TARGET static void dots(const uint16_t * const * rows, int64_t n_rows, int64_t n, const float * q, int64_t n_heads,
        float scale, float * s, int64_t stride) {
    int64_t h = 0;
#if ESA_WIDE
    for (; h + 8 <= n_heads; h += 8) {
        dots_heads<8, 2>(rows, n_rows, n, q + h*n, scale, s + h*stride, stride);
    }
    for (; h + 6 <= n_heads; h += 6) {
        dots_heads<6, 2>(rows, n_rows, n, q + h*n, scale, s + h*stride, stride);
    }
    for (; h + 4 <= n_heads; h += 4) {
        dots_heads<4, 2>(rows, n_rows, n, q + h*n, scale, s + h*stride, stride);
    }
#else
    for (; h + 4 <= n_heads; h += 4) {
        dots_heads<4, 1>(rows, n_rows, n, q + h*n, scale, s + h*stride, stride);
    }
#endif
    for (; h + 2 <= n_heads; h += 2) {
        dots_heads<2, 2>(rows, n_rows, n, q + h*n, scale, s + h*stride, stride);
    }
    for (; h < n_heads; ++h) {
        dots_heads<1, 4>(rows, n_rows, n, q + h*n, scale, s + h*stride, stride);
    }
}

ESA_TARGET static float exp_sum(float * x, int64_t n, float max) {
    float part[LANES];
    for (int64_t j = 0; j < LANES; ++j) {
        part[j] = max;
    }
    lanes sum = {}, v, best;
    lanes_load(&best, part);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes_load(&v, x + i);
        lanes_sub(&v, &best);
        lanes_exp(&v);
        lanes_add(&sum, &v);
        lanes_store(&v, x + i);
    }
    if (i < n) { // the last ones are filled up with what exp makes zero
        for (int64_t j = 0; j < LANES; ++j) {
            part[j] = i + j < n ? x[i + j] - max : -INFINITY;
        }
        lanes_load(&v, part);
        lanes_exp(&v);
        lanes_add(&sum, &v);
        lanes_store(&v, part);
        memcpy(x + i, part, (n - i)*sizeof(float));
    }
    return lanes_sum(&sum);
}

template <int HEADS, int COLUMNS>
ESA_FN int64_t accumulate_columns(int64_t i, const uint16_t * const * rows, int64_t n_rows, int64_t n, const float * w, int64_t stride, float * acc) {
    for (; i + COLUMNS*LANES <= n; i += COLUMNS*LANES) {
        lanes a[HEADS][COLUMNS], x[COLUMNS];
        for (int h = 0; h < HEADS; ++h) {
            for (int c = 0; c < COLUMNS; ++c) {
                lanes_load(&a[h][c], acc + h*n + i + c*LANES);
            }
        }
        for (int64_t r = 0; r < n_rows; ++r) {
            for (int c = 0; c < COLUMNS; ++c) {
                lanes_load_f16(&x[c], rows[r] + i + c*LANES);
            }
            for (int h = 0; h < HEADS; ++h) {
                for (int c = 0; c < COLUMNS; ++c) {
                    lanes_fma(&a[h][c], w[h*stride + r], &x[c]);
                }
            }
        }
        for (int h = 0; h < HEADS; ++h) {
            for (int c = 0; c < COLUMNS; ++c) {
                lanes_store(&a[h][c], acc + h*n + i + c*LANES);
            }
        }
    }
    return i;
}

template <int HEADS, int COLUMNS>
ESA_FN void accumulate_heads(const uint16_t * const * rows, int64_t n_rows, int64_t n, const float * w, int64_t stride, float * acc) {
    const int64_t i = accumulate_columns<HEADS, COLUMNS>(0, rows, n_rows, n, w, stride, acc);
    accumulate_columns<HEADS, 1>(i, rows, n_rows, n, w, stride, acc);
}

ESA_TARGET static void accumulate(const uint16_t * const * rows, int64_t n_rows, int64_t n, const float * w, int64_t stride,
        int64_t n_heads, float * acc) {
    int64_t h = 0;
#if ESA_WIDE
    for (; h + 8 <= n_heads; h += 8) {
        accumulate_heads<8, 2>(rows, n_rows, n, w + h*stride, stride, acc + h*n);
    }
    for (; h + 6 <= n_heads; h += 6) {
        accumulate_heads<6, 4>(rows, n_rows, n, w + h*stride, stride, acc + h*n);
    }
    for (; h + 4 <= n_heads; h += 4) {
        accumulate_heads<4, 4>(rows, n_rows, n, w + h*stride, stride, acc + h*n);
    }
    for (; h + 2 <= n_heads; h += 2) {
        accumulate_heads<2, 4>(rows, n_rows, n, w + h*stride, stride, acc + h*n);
    }
    for (; h < n_heads; ++h) {
        accumulate_heads<1, 8>(rows, n_rows, n, w + h*stride, stride, acc + h*n);
    }
#else
    for (; h + 4 <= n_heads; h += 4) {
        accumulate_heads<4, 1>(rows, n_rows, n, w + h*stride, stride, acc + h*n);
    }
    for (; h + 2 <= n_heads; h += 2) {
        accumulate_heads<2, 2>(rows, n_rows, n, w + h*stride, stride, acc + h*n);
    }
    for (; h < n_heads; ++h) {
        accumulate_heads<1, 4>(rows, n_rows, n, w + h*stride, stride, acc + h*n);
    }
#endif
}

template <int ROWS>
ESA_FN void scores_rows(const float * k, int64_t n, const float * q, float * s, int64_t width, float * best) {
    lanes acc[ROWS][2] = {};
    for (int64_t i = 0; i < n; ++i) {
        lanes x0, x1;
        lanes_load(&x0, q + i*ESA_PANEL);
        lanes_load(&x1, q + i*ESA_PANEL + LANES);
        for (int r = 0; r < ROWS; ++r) {
            lanes_fma(&acc[r][0], k[r*n + i], &x0);
            lanes_fma(&acc[r][1], k[r*n + i], &x1);
        }
    }
    for (int h = 0; h < 2; ++h) {
        lanes m;
        lanes_load(&m, best + h*LANES);
        for (int r = 0; r < ROWS; ++r) {
            lanes_max(&m, &acc[r][h]);
            lanes_store(&acc[r][h], s + r*width + h*LANES);
        }
        lanes_store(&m, best + h*LANES);
    }
}

ESA_TARGET static void scores(const float * k, int64_t n_rows, int64_t n, const float * q, int64_t n_panels, float * s, float * best) {
    const int64_t width = n_panels*ESA_PANEL;
    for (int64_t p = 0; p < n_panels; ++p) {
        int64_t r = 0;
        for (; r + 4 <= n_rows; r += 4) {
            scores_rows<4>(k + r*n, n, q + p*n*ESA_PANEL, s + r*width + p*ESA_PANEL, width, best + p*ESA_PANEL);
        }
        for (; r < n_rows; ++r) {
            scores_rows<1>(k + r*n, n, q + p*n*ESA_PANEL, s + r*width + p*ESA_PANEL, width, best + p*ESA_PANEL);
        }
    }
}

ESA_TARGET static void reduce(const float * s, int64_t n_rows, int64_t width, const float * best, float * f) {
    for (int64_t r = 0; r < n_rows; ++r) {
        lanes m, x, b;
        lanes_load(&m, s + r*width);
        lanes_load(&b, best);
        lanes_sub(&m, &b);
        for (int64_t q = LANES; q < width; q += LANES) {
            lanes_load(&x, s + r*width + q);
            lanes_load(&b, best + q);
            lanes_sub(&x, &b);
            lanes_max(&m, &x);
        }
        float part[LANES];
        lanes_store(&m, part);
        float res = f[r];
        for (float v : part) {
            res = v > res ? v : res;
        }
        f[r] = res;
    }
}

template <int BLOCKS>
ESA_FN void sketch_blocks(const int8_t * blocks, int64_t n, const float * q, float * s) {
    lanes acc[BLOCKS] = {}, x;
    for (int64_t j = 0; j < n; ++j) {
        for (int b = 0; b < BLOCKS; ++b) {
            lanes_load_i8(&x, blocks + (b*n + j)*LANES);
            lanes_fma(&acc[b], q[j], &x);
        }
    }
    for (int b = 0; b < BLOCKS; ++b) {
        lanes_store(&acc[b], s + b*LANES);
    }
}

ESA_TARGET static void sketch(const int8_t * blocks, int64_t n_blocks, int64_t n, const float * q, float * s) {
    int64_t b = 0;
    for (; b + 4 <= n_blocks; b += 4) {
        sketch_blocks<4>(blocks + b*n*LANES, n, q, s + b*LANES);
    }
    for (; b < n_blocks; ++b) {
        sketch_blocks<1>(blocks + b*n*LANES, n, q, s + b*LANES);
    }
}

// scores[r][query] = k_r . q for ROWS rows and VECTORS*16 queries
template <int ROWS, int VECTORS>
ESA_FN void attend_scores(const float * k, int64_t d, const float * q, float * scores) {
    lanes acc[ROWS][VECTORS] = {}, x[VECTORS];
    for (int64_t i = 0; i < d; ++i) {
        for (int v = 0; v < VECTORS; ++v) {
            lanes_load(&x[v], q + i*ESA_QUERIES + v*LANES);
        }
        for (int r = 0; r < ROWS; ++r) {
            for (int v = 0; v < VECTORS; ++v) {
                lanes_fma(&acc[r][v], k[r*d + i], &x[v]);
            }
        }
    }
    for (int r = 0; r < ROWS; ++r) {
        for (int v = 0; v < VECTORS; ++v) {
            lanes_store(&acc[r][v], scores + r*ESA_QUERIES + v*LANES);
        }
    }
}

// out[j][query] += sum_r v[r][j]*w[r][query] for ROWS entries of the values and VECTORS*16 queries
template <int ROWS, int VECTORS>
ESA_FN void attend_values(const float * values, int64_t n_rows, int64_t d_v, const float * w, float * out) {
    lanes acc[ROWS][VECTORS], x[VECTORS];
    for (int j = 0; j < ROWS; ++j) {
        for (int v = 0; v < VECTORS; ++v) {
            lanes_load(&acc[j][v], out + j*ESA_QUERIES + v*LANES);
        }
    }
    for (int64_t r = 0; r < n_rows; ++r) {
        for (int v = 0; v < VECTORS; ++v) {
            lanes_load(&x[v], w + r*ESA_QUERIES + v*LANES);
        }
        for (int j = 0; j < ROWS; ++j) {
            for (int v = 0; v < VECTORS; ++v) {
                lanes_fma(&acc[j][v], values[r*d_v + j], &x[v]);
            }
        }
    }
    for (int j = 0; j < ROWS; ++j) {
        for (int v = 0; v < VECTORS; ++v) {
            lanes_store(&acc[j][v], out + j*ESA_QUERIES + v*LANES);
        }
    }
}

// scores -> weights relative to the best score of all tiles so far; what was summed before is scaled to that
ESA_FN void attend_weights(const llama_esa_panel & p, int64_t n_rows, const int32_t * n_visible) {
    for (int64_t q = 0; q < ESA_QUERIES; q += LANES) {
        float * s = p.scores + q;
        if (n_visible) {
            for (int64_t i = 0; i < LANES; ++i) {
                for (int64_t r = n_visible[q + i] > 0 ? n_visible[q + i] : 0; r < n_rows; ++r) {
                    s[r*ESA_QUERIES + i] = -INFINITY;
                }
            }
        }
        lanes before, max, total, x;
        lanes_load(&before, p.max + q);
        max = before;
        for (int64_t r = 0; r < n_rows; ++r) {
            lanes_load(&x, s + r*ESA_QUERIES);
            lanes_max(&max, &x);
        }
        lanes_store(&max, p.max + q);

        lanes rescale = before;
        lanes_sub(&rescale, &max);
        lanes_exp(&rescale);
        lanes_load(&total, p.total + q);
        lanes_mul(&total, &rescale);
        if (memcmp(&before, &max, sizeof(max)) != 0) {
            for (int64_t j = 0; j < p.d_v; ++j) {
                lanes_load(&x, p.out + j*ESA_QUERIES + q);
                lanes_mul(&x, &rescale);
                lanes_store(&x, p.out + j*ESA_QUERIES + q);
            }
        }
        for (int64_t r = 0; r < n_rows; ++r) {
            lanes_load(&x, s + r*ESA_QUERIES);
            lanes_sub(&x, &max);
            lanes_exp(&x);
            lanes_add(&total, &x);
            lanes_store(&x, s + r*ESA_QUERIES);
        }
        lanes_store(&total, p.total + q);
    }
}

ESA_TARGET static void attend(const llama_esa_panel & p, const float * q, const uint16_t * const * k_rows,
        const uint16_t * const * v_rows, int64_t n_rows, const int32_t * n_visible) {
    constexpr int ROWS    = ESA_WIDE ? 4 : 2;
    constexpr int VECTORS = ESA_WIDE ? 4 : 2;

    for (int64_t r = 0; r < n_rows; ++r) {
        f16_to_f32(k_rows[r], p.rows + r*p.d, p.d);
    }
    for (int64_t v = 0; v < ESA_QUERIES; v += VECTORS*LANES) {
        int64_t r = 0;
        for (; r + ROWS <= n_rows; r += ROWS) {
            attend_scores<ROWS, VECTORS>(p.rows + r*p.d, p.d, q + v, p.scores + r*ESA_QUERIES + v);
        }
        for (; r < n_rows; ++r) {
            attend_scores<1, VECTORS>(p.rows + r*p.d, p.d, q + v, p.scores + r*ESA_QUERIES + v);
        }
    }
    attend_weights(p, n_rows, n_visible);
    for (int64_t r = 0; r < n_rows; ++r) {
        f16_to_f32(v_rows[r], p.rows + r*p.d_v, p.d_v);
    }
    for (int64_t v = 0; v < ESA_QUERIES; v += VECTORS*LANES) {
        for (int64_t j = 0; j < p.d_v; j += ROWS) {
            attend_values<ROWS, VECTORS>(p.rows + j, n_rows, p.d_v, p.scores + v, p.out + j*ESA_QUERIES + v);
        }
    }
}

static const llama_esa_kernels kernels = {
    ESA_STRING(ESA_ISA), f16_to_f32, dot, scores, dots, exp_sum, accumulate, attend, sketch, reduce,
};

#undef ESA_FN

} // namespace ESA_ISA

#undef ESA_ISA
#undef ESA_TARGET
#undef ESA_WIDE
#undef ESA_F16
#undef ESA_I8
