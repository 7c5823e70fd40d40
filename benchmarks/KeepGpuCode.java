import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Blanks, in place, the code of a CUDA library that one kind of GPU does not use: {@code KeepGpuCode LIBRARY 90}. The
 * file keeps its size and compresses to a fraction of it.
 *
 * <p>The section {@code .nv_fatbin} holds containers (magic 0xBA55ED50, version 1, header of 16 bytes with the size of
 * what follows), each with several versions of the same kernels: entries with a header (kind 1 is PTX, 2 is machine
 * code; at 4 the size of the header, at 8 that of what follows, at 28 the compute capability). NVIDIA does not document
 * this; {@code cuobjdump} lists the same entries. Anything else is an error, and the file is left unchanged.
 *
 * <p>The driver uses machine code of the same major capability that is not newer than the GPU, or else compiles the
 * newest PTX that is not newer than the GPU. That entry is kept. The headers of the others stay, and their contents
 * become zeros, which no driver can load by mistake.
 */
final class KeepGpuCode {
  private static final int CONTAINER = 0xBA55ED50;

  /** Bytes of an entry's header that are read here. */
  private static final int LEAST_HEADER = 32;

  private static final int PTX = 1;
  private static final int MACHINE_CODE = 2;

  /** Kernels for one capability. */
  private record Entry(int kind, int capability, int begin, int size) {
    boolean runsOn(int gpu) {
      return capability <= gpu && (kind == PTX || capability / 10 == gpu / 10);
    }

    /** Machine code before PTX, newer before older. */
    int rank() {
      return kind * 1000 + capability;
    }
  }

  private KeepGpuCode() {}

  public static void main(String[] args) {
    if (args.length != 2) {
      System.err.println("KeepGpuCode: needed are a library and a compute capability, such as 90");
      System.exit(2);
    }
    try {
      blank(Path.of(args[0]), Integer.parseInt(args[1]));
    } catch (IOException failure) {
      System.err.println("KeepGpuCode: " + args[0] + ": " + failure.getMessage());
      System.exit(1);
    }
  }

  private static void blank(Path library, int gpu) throws IOException {
    try (FileChannel file = FileChannel.open(library, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(file.size())).order(ByteOrder.LITTLE_ENDIAN);
      while (bytes.hasRemaining() && file.read(bytes) >= 0) {
        continue;
      }
      long kept = 0;
      List<Entry> dropped = new ArrayList<>();
      for (List<Entry> versions : containers(bytes)) {
        Entry best = null;
        for (Entry version : versions) {
          if (version.runsOn(gpu) && (best == null || version.rank() > best.rank())) {
            best = version;
          }
        }
        if (best == null) {
          throw new IOException(
              "no kernels for capability "
                  + gpu
                  + "; there are those for "
                  + versions.stream().map(Entry::capability).sorted().toList());
        }
        kept += best.size();
        Entry chosen = best;
        versions.stream().filter(version -> version != chosen).forEach(dropped::add);
      }
      long blanked = 0;
      for (Entry entry : dropped) {
        ByteBuffer zeros = ByteBuffer.allocate(entry.size());
        while (zeros.hasRemaining()) {
          file.write(zeros, entry.begin() + zeros.position());
        }
        blanked += entry.size();
      }
      System.out.printf(
          Locale.ROOT,
          "%s: kept %.1f MB of GPU code for capability %d, blanked %.1f MB%n",
          library.getFileName(),
          kept / 1e6,
          gpu,
          blanked / 1e6);
    }
  }

  private static List<List<Entry>> containers(ByteBuffer bytes) throws IOException {
    List<List<Entry>> containers = new ArrayList<>();
    int[] section = section(bytes, ".nv_fatbin");
    int place = section[0];
    while (place < section[1]) {
      if (bytes.getInt(place) == 0) {
        place += 4; // Containers begin at multiples of 8.
        continue;
      }
      long size = section[1] - place < 16 ? -1 : bytes.getLong(place + 8);
      if (bytes.getInt(place) != CONTAINER
          || bytes.getShort(place + 6) != 16
          || size < 0
          || size > section[1] - place - 16) {
        throw new IOException("no container of GPU code at " + place);
      }
      int end = place + 16 + (int) size;
      containers.add(entries(bytes, place + 16, end));
      place = end;
    }
    if (containers.isEmpty()) {
      throw new IOException("there is no GPU code");
    }
    return containers;
  }

  private static List<Entry> entries(ByteBuffer bytes, int from, int end) throws IOException {
    List<Entry> entries = new ArrayList<>();
    int place = from;
    while (place < end) {
      if (end - place < LEAST_HEADER) {
        throw new IOException("no GPU code at " + place);
      }
      int kind = bytes.getShort(place);
      int header = bytes.getInt(place + 4);
      long size = bytes.getLong(place + 8);
      int capability = bytes.getInt(place + 28);
      // An entry of length 0 would be read forever.
      if ((kind != PTX && kind != MACHINE_CODE)
          || capability < 50
          || capability > 999
          || header < LEAST_HEADER
          || header > end - place
          || size < 0
          || size > end - place - header) {
        throw new IOException("no GPU code at " + place);
      }
      entries.add(new Entry(kind, capability, place + header, (int) size));
      place += header + (int) size;
    }
    return entries;
  }

  /** Where a section of a 64-bit ELF file begins and ends. */
  private static int[] section(ByteBuffer bytes, String wanted) throws IOException {
    if (bytes.getInt(0) != 0x464C457F || bytes.get(4) != 2) {
      throw new IOException("not a 64-bit ELF file");
    }
    int headers = Math.toIntExact(bytes.getLong(0x28));
    int names = Math.toIntExact(bytes.getLong(headers + 64 * bytes.getShort(0x3E) + 0x18));
    for (int i = 0; i < bytes.getShort(0x3C); i++) {
      int header = headers + 64 * i;
      byte[] name = new byte[wanted.length() + 1];
      bytes.get(names + bytes.getInt(header), name);
      if (new String(name, StandardCharsets.ISO_8859_1).equals(wanted + "\0")) {
        int begin = Math.toIntExact(bytes.getLong(header + 0x18));
        return new int[] {begin, begin + Math.toIntExact(bytes.getLong(header + 0x20))};
      }
    }
    throw new IOException("there is no section " + wanted);
  }
}
