// uWebSockets: server WHAT, which is echo, publish or deflate. What it serves is at the head of ../src/main.rs.

#include "App.h"

#include <cstdio>
#include <string_view>

struct Nothing {};

using Behavior = uWS::App::WebSocketBehavior<Nothing>;

Behavior behavior(bool compresses) {
    Behavior behavior;
    behavior.compression = compresses ? uWS::SHARED_COMPRESSOR : uWS::DISABLED;
    behavior.maxPayloadLength = 16 << 20;
    behavior.maxBackpressure = 64 << 20;
    behavior.sendPingsAutomatically = false;
    return behavior;
}

int main(int count, char **arguments) {
    const bool compresses = count > 1 && std::string_view(arguments[1]) == "deflate";
    uWS::App app;

    Behavior echo = behavior(compresses);
    echo.message = [compresses](auto *socket, std::string_view message, uWS::OpCode code) {
        socket->send(message, code, compresses);
    };
    Behavior subscriber = behavior(false);
    subscriber.open = [](auto *socket) { socket->subscribe("bench"); };
    Behavior publisher = behavior(false);
    publisher.message = [&app](auto *, std::string_view message, uWS::OpCode code) {
        app.publish("bench", message, code);
    };

    app.ws<Nothing>("/echo", std::move(echo))
        .ws<Nothing>("/sub", std::move(subscriber))
        .ws<Nothing>("/pub", std::move(publisher))
        .listen("127.0.0.1", 0, [](us_listen_socket_t *listener) {
            if (listener == nullptr) {
                std::fprintf(stderr, "there is no free port\n");
                return;
            }
            std::printf("serving %d\n", us_socket_local_port(0, (us_socket_t *) listener));
            std::fflush(stdout);
        })
        .run();
}
