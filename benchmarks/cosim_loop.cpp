// The bare Verilator loop of a generated network: beats of stimulus.bin from memory, outputs into memory, no file and
// no call-back in between. Prints clocks and processor time of the loop; writes the outputs to bare.hex afterwards.
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

#include "Vnetwork.h"
#include "verilated.h"

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vnetwork top{&context};
    std::vector<uint64_t> beats, cells;
    std::FILE* file = std::fopen("stimulus.bin", "rb");
    for (int flags; (flags = std::fgetc(file)) != EOF;) {
        uint64_t data = 0;
        for (int k = 0; k < IN_BYTES; ++k) data = data << 8 | std::fgetc(file);
        beats.push_back(data << 2 | flags);
    }
    std::fclose(file);
    cells.reserve(beats.size());
    top.clk = 0;
    top.rst = 1;
    top.m_axis_tready = 1;
    for (int k = 0; k < 8; ++k) {
        top.clk = 1, top.eval();
        top.clk = 0, top.eval();
    }
    top.rst = 0;
    std::size_t next = 0;
    uint64_t clocks = 0;
    const std::clock_t start = std::clock();
    for (int quiet = 0; quiet < 5000; ++clocks) {
        const bool offered = next < beats.size();
        top.s_axis_tvalid = offered;
        if (offered) {
            top.s_axis_tdata = beats[next] >> 2;
            top.s_axis_tlast = beats[next] & 1;
            top.s_axis_tuser = beats[next] >> 1 & 1;
        }
        top.clk = 0, top.eval();
        const bool moves = offered && top.s_axis_tready;
        next += moves;
        if (top.m_axis_tvalid) cells.push_back(top.m_axis_tdata);
        quiet = moves || top.m_axis_tvalid ? 0 : quiet + 1;
        top.clk = 1, top.eval();
    }
    const double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    file = std::fopen("bare.hex", "w");
    for (uint64_t cell : cells) std::fprintf(file, "%llx\n", (unsigned long long)cell);
    std::fclose(file);
    std::printf("%llu %f\n", (unsigned long long)clocks, seconds);
    return 0;
}
