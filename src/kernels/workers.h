#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace qkv::kernels {

/// The caller's thread and others that compute the parts of one task side by side. OpenMP's setting
/// meanwhile (one thread for each) ends with the task.
class Workers {
 public:
  /// Throws Error (Fault::kRun) if the system does not have this many threads left.
  explicit Workers(int count);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int count() const { return static_cast<int>(failures_.size()); }

  /// Calls task(0) … task(count − 1), each on its own thread (always the same one, 0 on the
  /// caller's), and returns when all have returned; if calls throw, the exception of the lowest
  /// number is thrown.
  void run(const std::function<void(int)>& task);

 private:
  void work(int number);
  void attempt(int number);
  void end();

  std::vector<std::thread> threads_;
  std::vector<std::exception_ptr> failures_;
  const std::function<void(int)>* task_ = nullptr;  ///< null: the end
  std::atomic<unsigned> round_{0};                  ///< counts tasks
  std::atomic<int> busy_{0};
};

}  // namespace qkv::kernels
