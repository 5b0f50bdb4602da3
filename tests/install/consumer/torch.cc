#include <torch/types.h>

#include <iostream>

// Shows that linking qkv brings libtorch along and that it is found at run time: prints 4.
int main() { std::cout << torch::ones({2, 2}).sum().item<float>() << "\n"; }
