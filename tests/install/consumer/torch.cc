#include <torch/types.h>

#include <iostream>

// Shows that linking qkv also links libtorch, which is found at run time: prints 4.
int main() { std::cout << torch::ones({2, 2}).sum().item<float>() << "\n"; }
