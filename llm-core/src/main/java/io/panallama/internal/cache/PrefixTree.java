package io.panallama.internal.cache;

import io.panallama.internal.decode.Lineage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A radix tree over token ids for each {@link Lineage}. It tells which holders have a given text of tokens, and how long a prefix they share with another text of the same lineage.
 *
 * <p>Finding the longest match takes time proportional to the length of the match. Not thread-safe.
 *
 * @param <H> the type of the holders of tokens
 */
final class PrefixTree<H> {
  /** A root is created with the first text of a lineage and removed with its last. */
  private final Map<Lineage, Root<H>> roots = new HashMap<>();

  private int size;

  /** Marks where a holder's tokens end; pass it to {@link #remove}. */
  static final class Entry<H> {
    private final H holder;
    private @Nullable Node<H> node;

    private Entry(H holder, Node<H> node) {
      this.holder = holder;
      this.node = node;
    }

    H holder() {
      return holder;
    }
  }

  /**
   * The longest beginning of a text that is in the tree.
   *
   * @param length number of matching tokens
   * @param below a node all of whose holders have these tokens
   */
  private record Match<H>(int length, Node<H> below) {}

  private static class Node<H> {
    private @Nullable Node<H> parent;
    private int[] edge;
    private final Map<Integer, Node<H>> children = new HashMap<>();
    private final List<Entry<H>> entries = new ArrayList<>();

    private Node(@Nullable Node<H> parent, int[] edge) {
      this.parent = parent;
      this.edge = edge;
    }
  }

  private static final class Root<H> extends Node<H> {
    private final Lineage lineage;

    private Root(Lineage lineage) {
      super(null, new int[0]);
      this.lineage = lineage;
    }
  }

  /** The number of entries. */
  int size() {
    return size;
  }

  /** Enters a holder of the first {@code length} tokens; the tokens are copied. */
  Entry<H> insert(Lineage lineage, int[] tokens, int length, H holder) {
    Node<H> node = roots.computeIfAbsent(lineage, Root::new);
    int at = 0;
    while (at < length) {
      Node<H> child = node.children.get(tokens[at]);
      if (child == null) {
        child = new Node<>(node, Arrays.copyOfRange(tokens, at, length));
        node.children.put(tokens[at], child);
        node = child;
        break;
      }
      int common = common(child.edge, tokens, at, length);
      if (common < child.edge.length) {
        child = split(child, common);
      }
      node = child;
      at += common;
    }
    Entry<H> entry = new Entry<>(holder, node);
    node.entries.add(entry);
    size++;
    return entry;
  }

  /** Removes an entry. Repeating it is harmless. */
  void remove(Entry<H> entry) {
    Node<H> node = entry.node;
    if (node == null) {
      return;
    }
    entry.node = null;
    node.entries.remove(entry);
    size--;
    prune(node);
  }

  /**
   * Returns the length of the longest beginning of the text, at most {@code limit}, that some holder has, and passes every such holder to {@code holders}.
   */
  int longest(Lineage lineage, int[] tokens, int limit, Consumer<H> holders) {
    @Nullable Match<H> match = match(lineage, tokens, limit);
    if (match == null) {
      return 0;
    }
    visit(match.below(), holders);
    return match.length();
  }

  /**
   * Like {@link #longest(Lineage, int[], int, Consumer)}, but passes at most {@code most} of the holders, preferring those with the shortest texts as far as the tree shows it: thousands may begin alike.
   */
  int longest(Lineage lineage, int[] tokens, int limit, int most, Consumer<H> holders) {
    @Nullable Match<H> match = match(lineage, tokens, limit);
    if (match == null) {
      return 0;
    }
    Deque<Node<H>> next = new ArrayDeque<>();
    next.add(match.below());
    int left = most;
    Node<H> node;
    while (left > 0 && (node = next.poll()) != null) {
      for (Entry<H> entry : node.entries) {
        holders.accept(entry.holder);
        left--;
      }
      for (Node<H> child : node.children.values()) {
        if (next.size() >= left) {
          break;
        }
        next.add(child);
      }
    }
    return match.length();
  }

  /** The lineage of an entry that has not been removed. */
  Lineage lineage(Entry<H> entry) {
    Node<H> node = entry.node;
    while (node != null) {
      if (node instanceof Root<H> root) {
        return root.lineage;
      }
      node = node.parent;
    }
    throw new IllegalStateException("the entry was removed");
  }

  /** The text of an entry. */
  int[] tokens(Entry<H> entry) {
    int length = 0;
    for (Node<H> node = entry.node; node != null; node = node.parent) {
      length += node.edge.length;
    }
    int[] tokens = new int[length];
    for (Node<H> node = entry.node; node != null; node = node.parent) {
      length -= node.edge.length;
      System.arraycopy(node.edge, 0, tokens, length, node.edge.length);
    }
    return tokens;
  }

  /** The entries whose whole text is a beginning of this one. */
  List<Entry<H>> beginnings(Lineage lineage, int[] tokens, int length) {
    Node<H> node = roots.get(lineage);
    if (node == null) {
      return List.of();
    }
    List<Entry<H>> found = new ArrayList<>(node.entries);
    int at = 0;
    while (at < length) {
      Node<H> child = node.children.get(tokens[at]);
      if (child == null || common(child.edge, tokens, at, length) < child.edge.length) {
        break;
      }
      node = child;
      at += child.edge.length;
      found.addAll(node.entries);
    }
    return found;
  }

  private @Nullable Match<H> match(Lineage lineage, int[] tokens, int limit) {
    Node<H> node = roots.get(lineage);
    if (node == null) {
      return null;
    }
    int at = 0;
    while (at < limit) {
      Node<H> child = node.children.get(tokens[at]);
      if (child == null) {
        break;
      }
      int common = common(child.edge, tokens, at, limit);
      node = child;
      at += common;
      if (common < child.edge.length) {
        break;
      }
    }
    return at == 0 ? null : new Match<>(at, node);
  }

  private void visit(Node<H> node, Consumer<H> holders) {
    for (Entry<H> entry : node.entries) {
      holders.accept(entry.holder);
    }
    for (Node<H> child : node.children.values()) {
      visit(child, holders);
    }
  }

  /** Cuts the edge into a node in two and returns the upper half. */
  private Node<H> split(Node<H> node, int length) {
    Node<H> parent = parentOf(node);
    Node<H> upper = new Node<>(parent, Arrays.copyOf(node.edge, length));
    parent.children.put(upper.edge[0], upper);
    node.edge = Arrays.copyOfRange(node.edge, length, node.edge.length);
    node.parent = upper;
    upper.children.put(node.edge[0], node);
    return upper;
  }

  /** Removes nodes that no longer lead to an entry, and merges a node with its only child. */
  private void prune(Node<H> start) {
    Node<H> node = start;
    while (!(node instanceof Root) && node.entries.isEmpty() && node.children.isEmpty()) {
      Node<H> parent = parentOf(node);
      parent.children.remove(node.edge[0]);
      node = parent;
    }
    if (!node.entries.isEmpty()) {
      return;
    }
    if (node instanceof Root<H> root) {
      if (node.children.isEmpty()) {
        roots.remove(root.lineage);
      }
    } else if (node.children.size() == 1) {
      Node<H> only = node.children.values().iterator().next();
      Node<H> parent = parentOf(node);
      int[] joined = Arrays.copyOf(node.edge, node.edge.length + only.edge.length);
      System.arraycopy(only.edge, 0, joined, node.edge.length, only.edge.length);
      only.edge = joined;
      only.parent = parent;
      parent.children.put(joined[0], only);
    }
  }

  private static <H> Node<H> parentOf(Node<H> node) {
    Node<H> parent = node.parent;
    if (parent == null) {
      throw new IllegalStateException("the root has no parent");
    }
    return parent;
  }

  private static int common(int[] edge, int[] tokens, int at, int limit) {
    int length = Math.min(edge.length, limit - at);
    int mismatch = Arrays.mismatch(edge, 0, length, tokens, at, at + length);
    return mismatch < 0 ? length : mismatch;
  }
}
