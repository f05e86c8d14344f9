// Stream layers that hls4ml 1.3 has not, or that its own code does not compute exactly (docs/upstream.md).
// All of them work on the bits of the numbers, so that every result is an integer on a stated grid.
#ifndef NNET_EXACT_STREAM_H_
#define NNET_EXACT_STREAM_H_

#include "ap_shift_reg.h"
#include "hls_stream.h"
#include "nnet_common.h"
#include "nnet_conv_stream.h"

namespace nnet {

// Whether the type has negative numbers: -1 may not fit, the number with the top bit alone always does.
template <class T> bool has_sign() {
    #pragma HLS INLINE
    T top = 0;
    top[T::width - 1] = 1;
    return top < 0;
}

template <class T> T lowest_value() {
    #pragma HLS INLINE
    T lowest = 0;
    lowest[T::width - 1] = has_sign<T>(); // two's complement: only the sign bit set
    return lowest;
}

// The bits of a number as an unsigned integer that grows with the number: 0 is the lowest number of the type.
template <class T> ap_uint<T::width> rank_of(const T &x) {
    #pragma HLS INLINE
    ap_uint<T::width> bits = x.range(T::width - 1, 0);
    if (has_sign<T>()) {
        bits[T::width - 1] = !bits[T::width - 1];
    }
    return bits;
}

// A number of type T with these bits.
template <class T, class bits_T> T from_bits(const bits_T &bits) {
    #pragma HLS INLINE
    T x = 0;
    x.range(T::width - 1, 0) = ap_uint<T::width>(bits);
    return x;
}

// Another number of numbers per beat, in the same order.
template <class data_T, class res_T, typename CONFIG_T>
void exact_repack(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    data_T given;
    res_T made;
    PRAGMA_DATA_PACK(made)
Repack:
    for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
        #pragma HLS PIPELINE
        if (i % data_T::size == 0) {
            given = data.read();
        }
        made[i % res_T::size] = given[i % data_T::size];
        if (i % res_T::size == res_T::size - 1) {
            res.write(made);
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void exact_lookup(hls::stream<data_T> &data, hls::stream<res_T> &res) {
Lookup:
    for (unsigned i = 0; i < CONFIG_T::n_in / data_T::size; i++) {
        #pragma HLS PIPELINE
        data_T given = data.read();
        res_T made;
        PRAGMA_DATA_PACK(made)
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS UNROLL
            made[j] = from_bits<typename res_T::value_type>(CONFIG_T::table(rank_of(given[j])));
        }
        res.write(made);
    }
}

// Walks a window over an image with padding; reduce(window, rows inside, columns inside) makes a beat of each window.
template <class data_T, class res_T, typename CONFIG_T, class REDUCE>
void exact_windows(hls::stream<data_T> &data, hls::stream<res_T> &res, typename data_T::value_type padded, REDUCE reduce) {
    #pragma HLS INLINE recursive
    static ap_shift_reg<typename data_T::value_type, CONFIG_T::in_width> line_buffer[MAX(CONFIG_T::pool_height - 1, 1)]
                                                                                    [CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable = line_buffer complete dim = 2
    static typename data_T::value_type window[CONFIG_T::pool_height * CONFIG_T::pool_width * CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable = window complete dim = 0
    const int bottom = CONFIG_T::in_height - CONFIG_T::pad_bottom;
    const int right = CONFIG_T::in_width - CONFIG_T::pad_right;

Rows:
    for (int row = 0; row < int(CONFIG_T::in_height); row++) {
    Columns:
        for (int column = 0; column < int(CONFIG_T::in_width); column++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE
            const bool inside = row >= int(CONFIG_T::pad_top) && row < bottom && column >= int(CONFIG_T::pad_left) &&
                                column < right;
            data_T pixel;
            if (inside) {
                pixel = data.read();
            } else {
                for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
                    #pragma HLS UNROLL
                    pixel[c] = padded;
                }
            }
            nnet::shift_line_buffer<data_T, CONFIG_T>(pixel, line_buffer, window);
            const int top = row - int(CONFIG_T::pool_height) + 1;
            const int left = column - int(CONFIG_T::pool_width) + 1;
            if (top >= 0 && left >= 0 && top % CONFIG_T::stride_height == 0 && left % CONFIG_T::stride_width == 0) {
                const int rows = MIN(row + 1, bottom) - MAX(top, int(CONFIG_T::pad_top));
                const int columns = MIN(column + 1, right) - MAX(left, int(CONFIG_T::pad_left));
                res_T made;
                PRAGMA_DATA_PACK(made)
                for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
                    #pragma HLS UNROLL
                    made[c] = reduce(window, c, rows * columns);
                }
                res.write(made);
            }
        }
    }
}

// Padded places hold the lowest value of the type, so that they never win.
template <class data_T, class res_T, typename CONFIG_T>
void exact_max_pool2d(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typedef typename data_T::value_type value_T;
    exact_windows<data_T, res_T, CONFIG_T>(
        data, res, lowest_value<value_T>(), [](const value_T *window, unsigned channel, int) {
            value_T best = window[channel];
            for (unsigned i = 1; i < CONFIG_T::pool_height * CONFIG_T::pool_width; i++) {
                #pragma HLS UNROLL
                const value_T other = window[i * CONFIG_T::n_chan + channel];
                best = other > best ? other : best;
            }
            return best;
        });
}

// Sum times the factor of as many places as are not padding.
template <class data_T, class res_T, typename CONFIG_T>
void exact_average_pool2d(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typedef typename data_T::value_type value_T;
    exact_windows<data_T, res_T, CONFIG_T>(
        data, res, value_T(0), [](const value_T *window, unsigned channel, int places) {
            typename CONFIG_T::accum_t sum = 0;
            for (unsigned i = 0; i < CONFIG_T::pool_height * CONFIG_T::pool_width; i++) {
                #pragma HLS UNROLL
                sum += window[i * CONFIG_T::n_chan + channel];
            }
            const auto factor = from_bits<typename CONFIG_T::factor_t>(CONFIG_T::factors(places - 1));
            return typename res_T::value_type(sum * factor);
        });
}

template <class data_T, class res_T, typename CONFIG_T>
void exact_global_max(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    data_T best = data.read();
GlobalMax:
    for (unsigned i = 1; i < CONFIG_T::n_pixels; i++) {
        #pragma HLS PIPELINE
        data_T given = data.read();
        for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
            #pragma HLS UNROLL
            best[c] = given[c] > best[c] ? given[c] : best[c];
        }
    }
    res_T made;
    PRAGMA_DATA_PACK(made)
    for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
        #pragma HLS UNROLL
        made[c] = best[c];
    }
    res.write(made);
}

template <class data_T, class res_T, typename CONFIG_T>
void exact_global_average(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typename CONFIG_T::accum_t sums[CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable = sums complete
    for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
        #pragma HLS UNROLL
        sums[c] = 0;
    }
GlobalAverage:
    for (unsigned i = 0; i < CONFIG_T::n_pixels; i++) {
        #pragma HLS PIPELINE
        data_T given = data.read();
        for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
            #pragma HLS UNROLL
            sums[c] += given[c];
        }
    }
    const auto factor = from_bits<typename CONFIG_T::factor_t>(CONFIG_T::factors(0));
    res_T made;
    PRAGMA_DATA_PACK(made)
    for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
        #pragma HLS UNROLL
        made[c] = sums[c] * factor;
    }
    res.write(made);
}

// Over the numbers of each beat: e = exp_table[distance from the largest], result e * inverse_table[sum of all e].
template <class data_T, class res_T, typename CONFIG_T>
void exact_softmax(hls::stream<data_T> &data, hls::stream<res_T> &res) {
Softmax:
    for (unsigned i = 0; i < CONFIG_T::n_in / data_T::size; i++) {
        #pragma HLS PIPELINE
        data_T given = data.read();
        auto highest = rank_of(given[0]);
        for (unsigned j = 1; j < data_T::size; j++) {
            #pragma HLS UNROLL
            const auto other = rank_of(given[j]);
            highest = other > highest ? other : highest;
        }
        ap_uint<CONFIG_T::exp_width> powers[data_T::size];
        ap_uint<CONFIG_T::sum_width> sum = 0;
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS UNROLL
            const ap_uint<64> below = ap_uint<64>(highest - rank_of(given[j])) >> CONFIG_T::exp_shift;
            powers[j] = CONFIG_T::exp_table(below < CONFIG_T::exp_size ? unsigned(below) : CONFIG_T::exp_size - 1);
            sum += powers[j];
        }
        const ap_int<65> above = (ap_int<65>(sum) - ap_int<65>(CONFIG_T::exp_table(0))) >> CONFIG_T::inverse_shift;
        const unsigned index =
            above < 0 ? 0 : above < int(CONFIG_T::inverse_size) ? unsigned(above) : CONFIG_T::inverse_size - 1;
        const ap_uint<CONFIG_T::inverse_width> inverse = CONFIG_T::inverse_table(index);
        res_T made;
        PRAGMA_DATA_PACK(made)
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS UNROLL
            made[j] = from_bits<typename res_T::value_type>(powers[j] * inverse);
        }
        res.write(made);
    }
}

// One-hot of the first of the largest numbers of each beat.
template <class data_T, class res_T, typename CONFIG_T>
void exact_argmax(hls::stream<data_T> &data, hls::stream<res_T> &res) {
Argmax:
    for (unsigned i = 0; i < CONFIG_T::n_in / data_T::size; i++) {
        #pragma HLS PIPELINE
        data_T given = data.read();
        unsigned best = 0;
        for (unsigned j = 1; j < data_T::size; j++) {
            #pragma HLS UNROLL
            best = given[j] > given[best] ? j : best;
        }
        res_T made;
        PRAGMA_DATA_PACK(made)
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS UNROLL
            made[j] = from_bits<typename res_T::value_type>(ap_uint<1>(j == best));
        }
        res.write(made);
    }
}

} // namespace nnet

#endif
