// C simulation model of a shift register, as a ring: constant time per shift. The model that comes with hls4ml moves
// every element at every shift, which for an image of 992 columns is most of the run time. Same interface, same values;
// synthesis tools bring their own.
#ifndef STREAM_RTL_AP_SHIFT_REG_H_
#define STREAM_RTL_AP_SHIFT_REG_H_

#include <cassert>

template <typename T, unsigned int DEPTH = 32> class ap_shift_reg {
  public:
    ap_shift_reg() : newest(0) {}
    ap_shift_reg(const char *) : newest(0) {}

    // Push to the front; return what was at `address` before.
    T shift(T value, unsigned int address = DEPTH - 1, bool enable = true) {
        const T found = read(address);
        if (enable) {
            newest = newest == 0 ? DEPTH - 1 : newest - 1;
            ring[newest] = value;
        }
        return found;
    }

    T read(unsigned int address = DEPTH - 1) const {
        assert(address < DEPTH && "address outside the shift register");
        const unsigned int place = newest + address;
        return ring[place < DEPTH ? place : place - DEPTH];
    }

  private:
    ap_shift_reg(const ap_shift_reg &);
    ap_shift_reg &operator=(const ap_shift_reg &);
    T ring[DEPTH];
    unsigned int newest;
};

#endif
