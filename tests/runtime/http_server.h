// An HTTP server on the loopback interface, for as long as a test needs one.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace qiln::test {

struct HttpRequest {
  std::string path;
  std::int64_t start = 0;  // of the range that is asked for
};

class HttpServer {
 public:
  /// `answer` gives all the bytes of a response; the connection is closed after them.
  explicit HttpServer(std::function<std::string(const HttpRequest&)> answer) : answer_(std::move(answer)) {
    ::setenv("no_proxy", "127.0.0.1", 1);
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("cannot listen on the loopback interface");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  HttpServer(const HttpServer&) = delete;
  ~HttpServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (int connection; (connection = ::accept(socket_, nullptr, nullptr)) >= 0; ::close(connection)) {
      const std::string answer = answer_(read_request(connection));
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t n = ::send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
    }
  }

  HttpRequest read_request(int connection) {
    std::string text;
    char piece[1024];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = ::recv(connection, piece, sizeof piece, 0);
      if (n <= 0) break;
      text.append(piece, static_cast<std::size_t>(n));
    }
    HttpRequest request;
    const std::size_t begin = text.find(' ') + 1;
    request.path = text.substr(begin, text.find(' ', begin) - begin);
    if (const std::size_t range = text.find("Range: bytes="); range != std::string::npos)
      request.start = std::stoll(text.substr(range + 13));
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    return request;
  }

  std::function<std::string(const HttpRequest&)> answer_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::thread thread_;
};

/// A response that says it has `length` bytes, and has `body`.
inline std::string http(const std::string& status, const std::string& body, std::size_t length,
                        const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + std::to_string(length) + "\r\n" +
         headers + "\r\n" + body;
}

/// What a server that knows ranges says of `file`.
inline std::string http_file(const std::string& file, const HttpRequest& request) {
  const auto start = static_cast<std::size_t>(request.start);
  if (start == 0) return http("200 OK", file, file.size());
  if (start >= file.size()) return http("416 Range Not Satisfiable", "", 0);
  return http("206 Partial Content", file.substr(start), file.size() - start,
              "Content-Range: bytes " + std::to_string(start) + "-" + std::to_string(file.size() - 1) + "/" +
                  std::to_string(file.size()) + "\r\n");
}

}  // namespace qiln::test
