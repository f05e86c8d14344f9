// Max pooling of a stream with padding and any stride. hls4ml's pooling2d_cl asserts that there is no padding and that
// the stride is the pool. Padded places get the lowest value of the type, so that they never win.
// CONFIG_T::in_height and in_width count the padding.
#ifndef NNET_MASKED_POOLING_STREAM_H_
#define NNET_MASKED_POOLING_STREAM_H_

#include "nnet_pooling_stream.h"

namespace nnet {

template <class T> T lowest_value() {
    #pragma HLS INLINE
    T lowest = 0;
    if (T(-1) < T(0)) {
        lowest[T::width - 1] = 1; // two's complement: only the sign bit set
    }
    return lowest;
}

template <class data_T, class res_T, typename CONFIG_T>
void masked_max_pool2d_cl(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    #pragma HLS INLINE recursive
    static ap_shift_reg<typename data_T::value_type, CONFIG_T::in_width> line_buffer[MAX(CONFIG_T::pool_height - 1, 1)]
                                                                                    [CONFIG_T::n_filt];
    #pragma HLS ARRAY_PARTITION variable = line_buffer complete dim = 2

ReadInputHeight:
    for (unsigned i_ih = 0; i_ih < CONFIG_T::in_height; i_ih++) {
    ReadInputWidth:
        for (unsigned i_iw = 0; i_iw < CONFIG_T::in_width; i_iw++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE
            const bool inside = i_ih >= CONFIG_T::pad_top && i_ih < CONFIG_T::in_height - CONFIG_T::pad_bottom &&
                                i_iw >= CONFIG_T::pad_left && i_iw < CONFIG_T::in_width - CONFIG_T::pad_right;
            data_T pixel;
            if (inside) {
                pixel = data.read();
            } else {
                for (unsigned i_ic = 0; i_ic < CONFIG_T::n_filt; i_ic++) {
                    #pragma HLS UNROLL
                    pixel[i_ic] = lowest_value<typename data_T::value_type>();
                }
            }
            compute_pool_buffer_2d<data_T, res_T, CONFIG_T>(pixel, line_buffer, res);
        }
    }
}

} // namespace nnet

#endif
