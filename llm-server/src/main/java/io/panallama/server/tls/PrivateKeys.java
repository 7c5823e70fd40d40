package io.panallama.server.tls;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Private keys from DER. The JDK reads PKCS#8 alone, so OpenSSL's older forms are put into that. */
final class PrivateKeys {
  private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;

  /** The field of SEC 1's ECPrivateKey that names the curve; RFC 5915, 3. */
  private static final int EC_PARAMETERS = 0xA0;

  private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

  /** The identifier of RSA (1.2.840.113549.1.1.1) and no parameters; RFC 8017, A.1. */
  private static final byte[] RSA = {
    0x06, 0x09, 0x2A, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00
  };

  /** The identifier of keys on elliptic curves (1.2.840.10045.2.1); RFC 5480, 2.1.1. */
  private static final byte[] EC = {0x06, 0x07, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 0x02, 0x01};

  private PrivateKeys() {}

  /** A key can't be used; the message begins a sentence without its full stop. */
  static final class Refused extends GeneralSecurityException {
    private static final long serialVersionUID = 1L;

    Refused(String why, @Nullable Throwable cause) {
      super(why, cause);
    }

    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }
  }

  /** A key in PKCS#8. */
  static PrivateKey pkcs8(byte[] der) throws Refused {
    InvalidKeySpecException last = null;
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException another) {
        last = another;
      } catch (NoSuchAlgorithmException everyJdkHasThem) {
        throw new IllegalStateException(everyJdkHasThem);
      }
    }
    throw new Refused("the key is malformed, or of another kind than RSA, EC and Ed25519", last);
  }

  /** A key of RSA in PKCS#1. */
  static PrivateKey pkcs1(byte[] der) throws Refused {
    return pkcs8(wrapped(RSA, der));
  }

  /** A key on an elliptic curve in the form of SEC 1. */
  static PrivateKey sec1(byte[] der) throws Refused {
    byte[] curve = child(der, SEQUENCE, EC_PARAMETERS);
    if (curve == null) {
      throw new Refused("the key does not name its curve; write it as PKCS#8 (openssl pkey -in FILE -out FILE)", null);
    }
    byte[] algorithm = Arrays.copyOf(EC, EC.length + curve.length);
    System.arraycopy(curve, 0, algorithm, EC.length, curve.length);
    return pkcs8(wrapped(algorithm, der));
  }

  /** RFC 5208, 5: PrivateKeyInfo. */
  private static byte[] wrapped(byte[] algorithm, byte[] key) {
    ByteArrayOutputStream info = new ByteArrayOutputStream(key.length + 32);
    info.writeBytes(VERSION_0);
    info.writeBytes(element(SEQUENCE, algorithm));
    info.writeBytes(element(OCTET_STRING, key));
    return element(SEQUENCE, info.toByteArray());
  }

  private static byte[] element(int tag, byte[] content) {
    ByteArrayOutputStream element = new ByteArrayOutputStream(content.length + 4);
    element.write(tag);
    if (content.length < 0x80) {
      element.write(content.length);
    } else if (content.length <= 0xFF) {
      element.write(0x81);
      element.write(content.length);
    } else {
      // 64 KiB and more are far beyond any key, and read as malformed.
      element.write(0x82);
      element.write(content.length >> 8);
      element.write(content.length);
    }
    element.writeBytes(content);
    return element.toByteArray();
  }

  /** The content of the first child with this tag of the outermost element; null if there is none, or the DER is malformed. */
  private static byte @Nullable [] child(byte[] der, int outer, int tag) {
    Element whole = Element.at(der, 0);
    if (whole == null || whole.tag != outer) {
      return null;
    }
    Element child = Element.at(der, whole.from);
    while (child != null && child.tag != tag) {
      child = Element.at(der, child.to);
    }
    return child == null ? null : Arrays.copyOfRange(der, child.from, child.to);
  }

  /** An element of DER: its tag, and where its content is. */
  private record Element(int tag, int from, int to) {
    static @Nullable Element at(byte[] der, int at) {
      if (at + 2 > der.length) {
        return null;
      }
      int length = der[at + 1] & 0xFF;
      int from = at + 2;
      if (length >= 0x80) {
        int bytes = length - 0x80;
        if (bytes == 0 || bytes > 3 || from + bytes > der.length) {
          return null;
        }
        length = 0;
        for (int i = 0; i < bytes; i++) {
          length = (length << 8) | (der[from++] & 0xFF);
        }
      }
      return from + length > der.length ? null : new Element(der[at] & 0xFF, from, from + length);
    }
  }
}
