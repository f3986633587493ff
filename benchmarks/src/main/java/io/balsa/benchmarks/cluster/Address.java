package io.balsa.benchmarks.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where one member of a cluster lives.
 *
 * @param number from 1
 * @param directory for its data, its configuration and its log
 * @param electionPort a second port for its peers, for systems that want one
 */
public record Address(int number, Path directory, int clientPort, int peerPort, int electionPort) {
    static final String HOST = "127.0.0.1";

    public String id() {
        return "n" + number;
    }

    public InetSocketAddress client() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), clientPort);
    }

    public String clientUrl() {
        return "http://" + clientHostAndPort();
    }

    public String clientHostAndPort() {
        return HOST + ":" + clientPort;
    }

    /** As many addresses with ports that are free now. */
    static List<Address> allocate(int members, Path directory) throws IOException {
        List<Address> addresses = new ArrayList<>();
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int number = 1; number <= members; number++) {
                addresses.add(new Address(number, directory.resolve("n" + number), free(held), free(held), free(held)));
            }
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
        return addresses;
    }

    private static int free(List<ServerSocket> held) throws IOException {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        held.add(socket);
        return socket.getLocalPort();
    }
}
