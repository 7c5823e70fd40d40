package io.panallama.bindings.child;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** Loads the bindings through two class loaders that know nothing of each other, and calls llama.cpp through both. */
public final class TwoLoadersMain {
  private TwoLoadersMain() {}

  public static void main(String[] args) throws Exception {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("test.path").split(File.pathSeparator)) {
      urls.add(Path.of(entry).toUri().toURL());
    }
    try (URLClassLoader first = loader("first", urls);
        URLClassLoader second = loader("second", urls)) {
      Callable<?> one = tenant(first);
      Callable<?> other = tenant(second);
      System.out.println("first: " + one.call());
      int heard = heard(one);
      System.out.println("second: " + other.call());
      System.out.println("first: " + (heard(one) > heard ? "hears" : "does not hear") + " the second one's log");
      one.call();
      System.out.println("first: still works");
      other.call();
      System.out.println("second: still works");
    }
  }

  private static int heard(Object tenant) {
    return Integer.parseInt(tenant.toString());
  }

  private static URLClassLoader loader(String name, List<URL> urls) {
    return new URLClassLoader(name, urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  private static Callable<?> tenant(ClassLoader loader) throws ReflectiveOperationException {
    Class<?> type = Class.forName("io.panallama.bindings.child.Tenant", true, loader);
    return (Callable<?>) type.getConstructor().newInstance();
  }
}
