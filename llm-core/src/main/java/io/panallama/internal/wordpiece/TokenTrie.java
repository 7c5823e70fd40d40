package io.panallama.internal.wordpiece;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A trie of token texts over UTF-16 units. Its edges lie in one open-addressing hash table, whose hash is seeded so that a
 * file can't be made to collide.
 *
 * <p>Filled by one thread; once that is done and the trie is safely published, it is thread-safe.
 */
final class TokenTrie {
  /** No node, no token. */
  static final int NONE = -1;

  private static final int ROOT = 0;
  private static final long FREE = -1;

  private final long multiplier = ThreadLocalRandom.current().nextLong() | 1;

  /** Edges: the parent's node and the unit. */
  private long[] edges = new long[64];

  /** The node that the edge in the same slot leads to. */
  private int[] targets = new int[64];

  /** The token that ends at each node. */
  private int[] tokens = new int[32];

  /** How many units lead to each node. */
  private int[] depths = new int[32];

  private int nodes = 1;

  TokenTrie() {
    Arrays.fill(edges, FREE);
    tokens[ROOT] = NONE;
  }

  /** Adds a token; of two with the same text, the first counts. */
  void add(CharSequence text, int token) {
    int node = ROOT;
    for (int i = 0; i < text.length(); i++) {
      node = childOrNew(node, text.charAt(i));
    }
    if (node != ROOT && tokens[node] == NONE) {
      tokens[node] = token;
    }
  }

  boolean isEmpty() {
    return nodes == 1;
  }

  /** The node of the longest token that the text has at {@code from}; {@link #NONE} if it has none there. */
  int longest(CharSequence text, int from, int to) {
    int best = NONE;
    int node = ROOT;
    for (int i = from; i < to; i++) {
      node = child(node, text.charAt(i));
      if (node == NONE) {
        break;
      }
      if (tokens[node] != NONE) {
        best = node;
      }
    }
    return best;
  }

  int token(int node) {
    return tokens[node];
  }

  /** The number of UTF-16 units of the token that ends at the node. */
  int length(int node) {
    return depths[node];
  }

  private int child(int node, char unit) {
    long edge = edge(node, unit);
    int slot = slot(edge);
    return edges[slot] == edge ? targets[slot] : NONE;
  }

  private int childOrNew(int node, char unit) {
    long edge = edge(node, unit);
    int slot = slot(edge);
    if (edges[slot] == edge) {
      return targets[slot];
    }
    if (nodes == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * nodes);
      depths = Arrays.copyOf(depths, 2 * nodes);
      rehash();
      slot = slot(edge);
    }
    int added = nodes++;
    tokens[added] = NONE;
    depths[added] = depths[node] + 1;
    edges[slot] = edge;
    targets[slot] = added;
    return added;
  }

  /** Keeps the table at most half full. */
  private void rehash() {
    long[] oldEdges = edges;
    int[] oldTargets = targets;
    edges = new long[2 * oldEdges.length];
    targets = new int[2 * oldEdges.length];
    Arrays.fill(edges, FREE);
    for (int i = 0; i < oldEdges.length; i++) {
      if (oldEdges[i] != FREE) {
        int slot = slot(oldEdges[i]);
        edges[slot] = oldEdges[i];
        targets[slot] = oldTargets[i];
      }
    }
  }

  private static long edge(int node, char unit) {
    return (long) node << Character.SIZE | unit;
  }

  /** The slot that has this edge, or the free one where it belongs. */
  private int slot(long edge) {
    long hash = edge * multiplier;
    int slot = (int) (hash >>> 32) & edges.length - 1;
    while (edges[slot] != edge && edges[slot] != FREE) {
      slot = slot + 1 & edges.length - 1;
    }
    return slot;
  }
}
